import json

import pytest

from medtutor import cli, paths
from medtutor.exercises import registry


def test_a_mistake_is_one_line_and_status_2(capsys):
    assert cli.main(["run", "77"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("medtutor: there is no lesson 77.")
    assert said.count("\n") == 1


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


def test_hints_come_one_by_one():
    key = registry.keys("07")[0]
    first, second = registry.hint(key), registry.hint(key)
    assert "Hint 1 of" in first
    assert "Hint 2 of" in second


def test_the_workspace_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("MEDTUTOR_WORKSPACE", str(tmp_path))
    assert paths.workspace() == tmp_path.resolve()
