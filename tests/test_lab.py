"""`medtutor lab`: a server on loopback, closed without its token, whose kernels find the course."""

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import requests
import websocket

from medtutor import cli, runner, workspace
from medtutor.exercises.registry import PROGRESS


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    command = [sys.executable, "-m", "medtutor", "lab", "--no-browser", "--port", str(free_port())]
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [*command, "--workspace", str(folder / "mine")], env=environment, stdout=log, stderr=log
    )
    try:
        for _ in range(600):
            found = list((folder / "runtime").glob("jpserver-*.json"))
            if found and found[0].stat().st_size:
                break
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        facts = json.loads(found[0].read_text())
        for _ in range(300):
            try:
                requests.get(facts["url"], timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield facts, folder / "mine"
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def test_it_listens_on_loopback_and_wants_its_token(server):
    facts, _ = server
    assert facts["hostname"] == "127.0.0.1"
    assert len(facts["token"]) >= 32
    assert requests.get(facts["url"] + "api/kernels", timeout=10).status_code == 403
    ours = requests.get(facts["url"] + "api/kernels", params={"token": facts["token"]}, timeout=10)
    assert ours.status_code == 200


def test_it_serves_the_copies_of_the_lessons(server):
    facts, folder = server
    names = {p.name for p in runner.all_lessons()}
    assert names == {p.name for p in folder.glob("*.ipynb")}
    listed = requests.get(
        facts["url"] + "api/contents", params={"token": facts["token"]}, timeout=10
    ).json()
    assert names <= {entry["name"] for entry in listed["content"]}


def test_a_kernel_started_through_its_api_finds_the_course(server):
    facts, folder = server
    headers = {"Authorization": f"token {facts['token']}"}
    kernel = requests.post(
        facts["url"] + "api/kernels", headers=headers, json={}, timeout=60
    ).json()
    address = facts["url"].replace("http", "ws") + f"api/kernels/{kernel['id']}/channels"
    channel = websocket.create_connection(address, header=headers, timeout=60)
    code = "from medtutor.exercises import check; print(check('00.1', lambda b, s: 60 * b / s).ok)"
    request = {
        "header": {
            "msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "",
            "session": uuid.uuid4().hex, "version": "5.3",
        },
        "parent_header": {}, "metadata": {}, "channel": "shell",
        "content": {"code": code, "silent": False},
    }  # fmt: skip
    channel.send(json.dumps(request))
    said = ""
    while not said:
        message = json.loads(channel.recv())
        assert message["msg_type"] != "error", message["content"]
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            said = message["content"]["text"]
    channel.close()
    assert said == "True\n"
    kept = json.loads(workspace.progress_file(folder).read_text())
    assert kept == workspace.ORDER | {"00.1": "passed"}


def test_what_kernels_inherit_is_absolute(tmp_path, monkeypatch):
    """They run in another folder than the command: progress would be kept where nobody looks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "execv", lambda *_: sys.exit(0))
    monkeypatch.setenv(PROGRESS, "")
    monkeypatch.setenv("MEDTUTOR_WORKSPACE", "")
    with pytest.raises(SystemExit):
        cli.main(["lab", "--no-browser", "--workspace", "mine"])
    for name in (PROGRESS, "MEDTUTOR_WORKSPACE"):
        assert Path(os.environ[name]).is_relative_to(tmp_path / "mine")
