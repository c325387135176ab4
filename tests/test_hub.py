"""The course served to others: the container, the settings of a hub, and what measures a class."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tomllib
from pathlib import PurePosixPath

import nbformat
import psutil
import pytest
import requests

from medtutor import paths, runner, workspace

ROOT = paths.root()
hub = paths.load(ROOT / "tools" / "hub.py")
PAGE = hub.PAGE.read_text(encoding="utf-8")
STEPS = [
    line.split(maxsplit=1)
    for line in (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", "").splitlines()
    if line and not line.startswith("#")
]
CMD = json.loads(dict(STEPS)["CMD"])


def served(folder, **setting):
    """Start what the container runs, but on a free port of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", *CMD[1:]]
    for word in ("--ip=127.0.0.1", f"--port={port}", f"--config={ROOT / 'tools' / 'served.py'}"):
        place = next(n for n, said in enumerate(command) if said.startswith(word.split("=")[0]))
        command[place] = word
    environment = {**os.environ, "HOME": str(folder), "USERPROFILE": str(folder)}
    environment = {**environment, "MEDTUTOR_LANG": "en", **setting}
    with (folder / "log").open("w") as log:
        allowed = [*command, "--ServerApp.base_url=/user/ada/", "--allow-root"]
        return port, subprocess.Popen(allowed, cwd=folder, env=environment, stdout=log, stderr=log)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder, token = tmp_path_factory.mktemp("served"), secrets.token_hex(16)
    port, process = served(folder, JUPYTER_TOKEN=token)
    try:
        opened = hub.Hub(f"http://127.0.0.1:{port}", token, process.pid)
        opened.wait("/user/ada/api/status", process)
        yield opened, folder
    finally:
        process.terminate()
        process.wait(20)


def test_the_image_is_built_from_the_lock_for_a_user_who_may_not_change_it():
    names = [name for name, _ in STEPS]
    python = re.match(r"python:(\d\.\d+)-slim AS base", dict(STEPS[:1])["FROM"])[1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert python in project["requires-python"]
    made = next(n for n, step in enumerate(STEPS) if "make setup" in step[1])
    assert ["COPY", ". ."] in STEPS[:made]
    assert made < names.index("USER") < names.index("CMD")
    assert dict(STEPS)["USER"] == re.search(r"useradd .*--uid (\d+)", str(STEPS))[1]
    assert ["WORKDIR", "/opt/medtutor"] in STEPS[:made]
    assert {CMD[0], CMD[-1]} == {
        "/opt/medtutor/.venv/bin/jupyter", "--config=/opt/medtutor/tools/served.py",
    }  # fmt: skip
    assert f"--port={dict(STEPS)['EXPOSE']}" in CMD
    assert not [word for word in CMD if "token" in word or "password" in word]
    for text in (PAGE, (ROOT / "Dockerfile").read_text("utf-8")):
        published = re.findall(r"docker run .*-p (\S+)", text)
        assert published == [f"127.0.0.1:{dict(STEPS)['EXPOSE']}:{dict(STEPS)['EXPOSE']}"]


def test_the_image_leaves_out_what_the_repository_leaves_out():
    def lines(name):
        text = (ROOT / name).read_text("utf-8").splitlines()
        return {line.removeprefix("**/").strip("/") for line in text if line[:1] not in ("#", "")}

    assert lines(".gitignore") | {".git"} <= lines(".dockerignore")


def test_the_development_container_names_what_is_there():
    file = ROOT / ".devcontainer" / "devcontainer.json"
    text = re.sub(r"^\s*//.*$", "", file.read_text("utf-8"), flags=re.MULTILINE)
    said = json.loads(text)
    build = said["build"]
    assert (file.parent / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (file.parent / build["context"]).resolve() == ROOT
    stage = next(n for n, step in enumerate(STEPS) if step[1].endswith(f" AS {build['target']}"))
    assert STEPS[stage + 1][1].endswith(f" {said['remoteUser']}")
    target = said["postCreateCommand"].removeprefix("make ")
    assert f"\n{target}:" in (ROOT / "Makefile").read_text("utf-8")


def test_what_the_container_runs_wants_its_token_and_serves_the_copies(server):
    opened, folder = server
    bare = requests.get(opened.address + "/user/ada/api/contents", timeout=20)
    assert bare.status_code == 403
    listed = opened.ask("GET", "/user/ada/api/contents")["content"]
    assert {p.name for p in runner.all_lessons()} <= {entry["name"] for entry in listed}
    assert (folder / "my-lessons" / "00_start_here.ipynb").is_file()


def test_a_learner_runs_a_copy_to_its_end_or_to_the_cell_that_fails(server):
    opened, folder = server
    codes = "x = 2", "from medtutor.exercises import check; check('00.1', lambda b, s: 60 * b / s)"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    book.cells.insert(1, nbformat.v4.new_markdown_cell("Words."))
    nbformat.write(book, folder / "my-lessons" / "98_short.ipynb")
    book.cells += [nbformat.v4.new_code_cell("1 / 0"), nbformat.v4.new_code_cell("never = 1")]
    nbformat.write(book, folder / "my-lessons" / "99_fails.ipynb")
    ada = hub.Learner("ada")
    opened.work(ada, "98_short.ipynb")
    assert not ada.error
    assert ada.lesson > 0
    kept = json.loads(workspace.progress_file(folder / "my-lessons").read_text())
    assert kept["00.1"] == "passed"
    opened.work(ada, "99_fails.ipynb")
    assert ada.error == "code cell 3: ZeroDivisionError: division by zero"


def test_copies_that_cannot_be_written_are_said_and_nothing_else_is_served(tmp_path):
    (tmp_path / "file").touch()
    _, process = served(tmp_path, MEDTUTOR_WORKSPACE=str(tmp_path / "file" / "lessons"))
    assert process.wait(60) == 1
    assert "medtutor: " in (tmp_path / "log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="shares of memory are counted on Linux only")
def test_a_learner_holds_what_the_server_and_its_children_hold():
    holds = "import sys; block = bytearray(b'1') * 50_000_000; print(flush=True); sys.stdin.read()"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {holds!r}])"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", starts], **pipes) as process:
        process.stdout.readline()
        child = psutil.Process(process.pid).children()[0].pid
        both, seconds = hub.held(process.pid)
        assert 50 < both < 150
        assert hub.held(process.pid, but={child})[0] < both - 50
        assert seconds > 0
        process.stdin.close()
    assert hub.held(process.pid) == (0, 0)


def test_the_hub_that_is_measured_has_the_settings_of_the_page():
    text = hub.settings(PAGE, PurePosixPath("/there/bin"), PurePosixPath("/course"))
    assert '["/there/bin/jupyterhub-singleuser"]' in text
    assert '["--config=/course/tools/served.py"]' in text
    assert "/opt/" not in text
    with pytest.raises(ValueError, match="no settings"):
        hub.settings("", ROOT, ROOT)


def test_the_machine_for_thirty_follows_from_what_was_seen():
    first = re.search(r"^\| seen \| lesson .*\n\|[-| ]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    cells = [re.findall(r"\| (\d+)", line) for line in first[0].splitlines()]
    lessons = re.findall(r"lesson (\d\d)", first[0].splitlines()[0])
    rows = [list(map(int, row)) for row in zip(lessons, *cells[2:], strict=True)]
    assert hub.tables(rows) in PAGE
    assert rows[0][:3] == [1, 20, 20]
    assert all(row[1] == row[2] for row in rows)
    assert f"and {hub.SYSTEM_GB} GB for the system" in PAGE
    limit = int(re.search(r"limits\.memory (\d+)G", PAGE)[1])
    assert limit * 1000 > max(row[6] for row in rows)


def test_thirty_need_thirty_times_what_one_needs():
    row = [1, 20, 20, 9, 100, 270, 280, 160, 10, 60]
    # 30 times 0.28 + 0.16 + 2 GB; 300 s of work in 50 minutes of reading, or on 4, 8 and 16 cores
    assert hub.needed(row) == [11, 0.1, 2, 1, 1]
    learners = [hub.Learner(f"l{n}", alone=n, end=2 * n, highest=3 * n) for n in (1, 2, 9)]
    learners[2].error = "code cell 1"
    group = hub.Group("01", learners, hub=5.5, seconds=7.2)
    assert hub.measured([group]) == [[1, 3, 2, 0, 2, 4, 27, 6, 0, 8]]
