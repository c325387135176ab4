import contextlib
import json
import shutil
import subprocess
import sys

import pytest

from medtutor import cli, paths, runner, workspace
from medtutor.exercises import registry


def test_a_mistake_is_one_line_and_status_2(capsys):
    assert cli.main(["run", "77"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("medtutor: there is no lesson 77.")
    assert said.count("\n") == 1


@pytest.mark.parametrize("lesson", ["08", "heart_rate", "1"])
def test_a_task_for_a_lesson_that_takes_none_is_refused(lesson, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli.os, "environ", dict(cli.os.environ))
    out = tmp_path / "out"
    assert cli.main(["run", lesson, "--task", "beats", "--out", str(out)]) == 2
    said = "medtutor: only lesson 23 takes a task. Leave --task out, or run 23.\n"
    assert capsys.readouterr().err == said
    assert not out.exists()
    assert "MEDTUTOR_TASK" not in cli.os.environ


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["data", "get", "--help"]])
def test_help_is_there(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 0
    assert "medtutor" in capsys.readouterr().out


def test_a_call_without_a_command_explains_itself(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["99999", "65536", "0", "-1", "", "80.5", "http", "٨٨x"])
def test_a_port_that_cannot_be_is_refused(port, capsys, tmp_path):
    with pytest.raises(SystemExit) as ended:
        cli.main(["lab", f"--port={port}", "--workspace", str(tmp_path / "mine")])
    assert ended.value.code == 2
    assert f"{port!r} is no whole number from 1 to 65535" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_the_lab_opens_at_the_lesson_that_is_named(tmp_path, monkeypatch, capsys):
    started = []

    def start(_, command):  # in place of the server, which never comes back
        started.append(command)
        raise SystemExit

    monkeypatch.setattr(cli.os, "environ", dict(cli.os.environ))
    monkeypatch.setattr(cli.os, "execv", start)
    for words, name in ((["07"], "07_ct_data.ipynb"), ([], "00_start_here.ipynb")):
        with pytest.raises(SystemExit):
            cli.main(["lab", *words, "--workspace", str(tmp_path / "mine")])
        assert f"--LabApp.default_url=/lab/tree/{name}" in started[-1]
        assert f"Start with {name[:2]}." in capsys.readouterr().out
    assert cli.main(["lab", "77", "--workspace", str(tmp_path / "other")]) == 2
    assert len(started) == 2
    assert not (tmp_path / "other").exists()


def test_a_lesson_is_begun_anew_by_command(tmp_path, capsys):
    workspace.refresh(tmp_path)
    (tmp_path / "07_ct_data.ipynb").write_text("mine")
    assert cli.main(["reset", "07", "--workspace", str(tmp_path)]) == 0
    assert "yours is 07_ct_data.mine.ipynb" in capsys.readouterr().out
    assert (tmp_path / "07_ct_data.mine.ipynb").read_text() == "mine"


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Ask a shell that has read the script how it would go on."""
    room = tmp_path_factory.mktemp("shell")
    (room / "hearts").mkdir()
    with (room / "script").open("w") as out, contextlib.redirect_stdout(out):
        assert cli.main(["completion", "bash"]) == 0
    ask = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); . ./script; '
    ask += '_shtab_medtutor medtutor "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[@]}"'

    def asked(words):
        told = ["bash", "-c", ask, "bash", *words.split(" ")]
        done = subprocess.run(told, cwd=room, capture_output=True, text=True, check=True)
        return done.stdout.split()

    return asked


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("medtutor res", ["reset"]),
        ("medtutor run 2", ["20", "21", "22", "23"]),
        ("medtutor course 01 1", [str(number) for number in range(10, 20)]),
        ("medtutor run 23 --ta", ["--task"]),
        ("medtutor run 23 --task ", ["classes", "outlines", "rate", "beats"]),
        ("medtutor run 23 --data he", ["hearts"]),
        ("medtutor class he", ["hearts"]),
    ],
)
def test_a_shell_completes_commands_lessons_and_folders(words, found, complete):
    assert complete(words) == found


@pytest.mark.parametrize("words", [["course", "--jobs=0"], ["federate", "--rounds=-3"]])
def test_a_count_below_one_is_refused(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "is no whole number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["progress", "check 01"])
def test_a_folder_without_lessons_is_a_mistake(command, tmp_path, capsys):
    for folder in (tmp_path / "nowhere", tmp_path):
        assert cli.main([*command.split(), "--workspace", str(folder)]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert str(folder) in said.err
        assert "medtutor lab" in said.err
        assert said.err.count("\n") == 1


def test_federate_names_the_sources_when_the_data_are_not_there(capsys):
    assert cli.main(["federate", "--data", "nowhere"]) == 2
    assert "choose one of: default" in capsys.readouterr().err


def test_the_last_line_of_a_run_names_the_card(tmp_path, monkeypatch, capsys):
    notebook, card = tmp_path / "23_your_own_data.ipynb", tmp_path / "own_data" / "model_card.html"
    paths.write_text(card, "")
    monkeypatch.setattr(runner, "run", lambda *_: notebook)
    assert cli.main(["run", "23"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Executed notebook: {notebook}", f"Model card: {card}",
    ]  # fmt: skip


def test_a_reader_who_has_seen_enough_ends_it_quietly():
    command = f"{sys.executable} -m medtutor data list | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ct_nodules")
    assert done.stderr == ""


def test_the_doctor_says_only_what_it_found(capfd):
    assert cli.main(["doctor"]) == 0
    said = capfd.readouterr()  # of the processes that it starts as well
    assert said.err == ""
    assert all(line.startswith("ok  ") for line in said.out.splitlines()[:-1])
    assert said.out.splitlines()[-1] == "Every lesson can run."


def test_progress_counts_what_is_solved(tmp_path, monkeypatch, capsys):
    target = tmp_path / ".medtutor" / "progress.json"
    monkeypatch.setenv(registry.PROGRESS, str(target))
    exercise = registry.find("07.1")
    registry.check("07.1", exercise.mistakes[0].answer)
    assert json.loads(target.read_text()) == {"07.1": "failed"}
    registry.check("07.1", exercise.reference)
    registry.check("07.1", None)
    assert json.loads(target.read_text()) == {"07.1": "passed"}
    assert cli.main(["progress", "--workspace", str(tmp_path)]) == 0
    assert "1 of" in capsys.readouterr().out


def test_unknown_exercises_are_named(capsys):
    assert "no exercise 99.9" in repr(registry.check("99.9", 1))
    assert "no exercise 99.9" in repr(registry.hint("99.9"))
    assert "no exercise 99.9" in repr(registry.solution("99.9"))


def test_hints_come_one_by_one(no_hint_yet):
    key = registry.keys("07")[0]
    first, second = registry.hint(key), registry.hint(key)
    assert "Hint 1 of" in first
    assert "Hint 2 of" in second


def test_the_workspace_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("MEDTUTOR_WORKSPACE", str(tmp_path))
    assert paths.workspace() == tmp_path.resolve()
