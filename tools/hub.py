"""A class on one hub, measured: ``python tools/hub.py 01:20 08:4``.

Starts a JupyterHub on loopback with the settings that ``book/teach/hub.md`` gives, lets learners
come in one after another (20 for lesson 01, then 4 for lesson 08), and runs each one's copy of the
lesson to its end through the hub, as a browser would. Memory is each learner's share (PSS: what
several hold together is divided among them) of the server and all that it started.

It wants Linux, and an environment that holds the course and a ``jupyterhub``, with npm's
``configurable-http-proxy`` (``--proxy`` says where). ``--page`` writes what came out into the page.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import requests
import websocket

from medtutor import paths, runner

PAGE = paths.root() / "book" / "teach" / "hub.md"
MARKS = "<!-- measured: start -->\n", "<!-- measured: end -->\n"
CLASS = 30
CORES = (4, 8, 16)
SIZES = (16, 32, 64, 128, 256, 512, 1024)  # gigabytes that machines have
SYSTEM_GB = 2  # for the operating system and its cache of files
FAULTS = (
    requests.RequestException,
    websocket.WebSocketException,
    RuntimeError,
    ValueError,
    OSError,
)
SEEN = (
    *("learners at once", "of them at its end", "seconds until the server is there"),
    *("MB, only logged in", "MB at the lesson's end", "MB at most", "MB of the hub itself"),
    *("seconds of processor", "seconds until all were done"),
)
NEEDED = (
    *("GB of memory", "cores busy while all read"),
    *(f"minutes if all run it at once on {cores} cores" for cores in CORES),
)
HUB = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{0}"
c.JupyterHub.hub_port = {1}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{2}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.JupyterHub.services = [{{"name": "class", "api_token": {token!r}}}]
scopes = ["admin:users", "admin:servers", "admin:server_state", "access:servers"]
c.JupyterHub.load_roles = [{{"name": "class", "scopes": scopes, "services": ["class"]}}]
c.Spawner.http_timeout = 300
"""


@dataclass
class Learner:
    """One who came in, and what was seen of them: megabytes, and seconds of processor and clock."""

    name: str
    pid: int = 0
    alone: float = 0.0
    end: float = 0.0
    highest: float = 0.0
    processor: float = 0.0
    ready: float = 0.0
    lesson: float = 0.0
    error: str = ""


@dataclass
class Group:
    """A class in one lesson."""

    lesson: str
    learners: list[Learner]
    hub: float = 0.0
    seconds: float = 0.0


def settings(page: str, binaries: Path, root: Path) -> str:
    """Take the hub's settings from the page, for a course that stands elsewhere than there."""
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    if found is None:
        raise ValueError(f"{PAGE} gives no settings")
    ours = found[1].replace("/opt/medtutor/.venv/bin", str(binaries))
    return ours.replace("/opt/medtutor", str(root))


class Hub:
    """A running hub, spoken to through its proxy."""

    def __init__(self, address: str, token: str, pid: int) -> None:
        self.address, self.pid = address, pid
        self.headers = {"Authorization": f"token {token}"}

    def ask(self, method: str, path: str, **content: Any) -> Any:
        """Call the hub, or through it a learner's server; give what its JSON says."""
        answer = requests.request(
            method, self.address + path, headers=self.headers, timeout=300, **content
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def wait(self, path: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until the process that was started answers."""
        for _ in range(600):
            with suppress(requests.RequestException):
                self.ask("GET", path)
                return
            if process.poll() is not None:
                break
            time.sleep(0.2)
        raise RuntimeError("what was started does not answer")

    def enter(self, learner: Learner) -> None:
        """Let a learner in: start the server and wait until it answers."""
        start = time.monotonic()
        self.ask("POST", f"/hub/api/users/{learner.name}")
        self.ask("POST", f"/hub/api/users/{learner.name}/server")
        while True:
            server = self.ask("GET", f"/hub/api/users/{learner.name}")["servers"].get("", {})
            if server.get("ready"):
                break
            if not server:
                raise RuntimeError("the server did not start")
            time.sleep(0.5)
        learner.pid = server["state"]["pid"]
        learner.ready = time.monotonic() - start

    def work(self, learner: Learner, lesson: str) -> None:
        """Open the learner's copy of a lesson, and run every cell of it in a kernel."""
        start, own = time.monotonic(), f"/user/{learner.name}/api/"
        book = self.ask("GET", f"{own}contents/{lesson}")["content"]
        kernel = self.ask("POST", f"{own}sessions", json={
            "path": lesson, "name": lesson, "type": "notebook", "kernel": {"name": "python3"},
        })["kernel"]["id"]  # fmt: skip
        address = f"{self.address}{own}kernels/{kernel}/channels".replace("http", "ws", 1)
        channel = websocket.create_connection(address, header=self.headers, timeout=1800)
        for number, cell in enumerate((c for c in book["cells"] if c["cell_type"] == "code"), 1):
            failed = run_cell(channel, cell["source"])
            if failed:
                learner.error = f"code cell {number}: {failed}"
                break
        channel.close()
        learner.lesson = time.monotonic() - start


def run_cell(channel: websocket.WebSocket, code: str) -> str:
    """Run code in the kernel behind a channel; what went wrong, or nothing."""
    identity, failed = uuid.uuid4().hex, ""
    header = {
        "msg_id": identity, "msg_type": "execute_request", "username": "",
        "session": uuid.uuid4().hex, "version": "5.3",
    }  # fmt: skip
    content = {"code": code, "silent": False}
    request = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    channel.send(json.dumps(request | {"channel": "shell"}))
    while True:
        said = json.loads(channel.recv())
        if said["parent_header"].get("msg_id") != identity:
            continue
        if said["msg_type"] == "error":
            failed = f"{said['content']['ename']}: {said['content']['evalue']}"
        if said["msg_type"] == "status" and said["content"]["execution_state"] == "idle":
            return failed


@contextmanager
def running(proxy: str) -> Iterator[Hub]:
    """Start a hub on free ports of the loopback, in a folder that goes away with it."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    token, binaries = secrets.token_hex(32), Path(sys.executable).parent
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        text = HUB.format(
            *ports, proxy=proxy, password=secrets.token_hex(16), token=token,
            homes=f"{place}/home/{{username}}",
        )  # fmt: skip
        text += settings(PAGE.read_text(encoding="utf-8"), binaries, paths.root())
        if os.geteuid() == 0:
            text += 'c.Spawner.args = [*c.Spawner.args, "--allow-root"]\n'
        Path(place, "config.py").write_text(text, encoding="utf-8")
        with Path(place, "log").open("w+", encoding="utf-8") as log:
            command = [str(binaries / "jupyterhub"), "--config", "config.py"]
            process = subprocess.Popen(command, cwd=place, stdout=log, stderr=log)
            hub = Hub(f"http://127.0.0.1:{ports[0]}", token, process.pid)
            try:
                hub.wait("/hub/api/users", process)
                yield hub
            except BaseException:
                print(Path(log.name).read_text(encoding="utf-8")[-4000:], file=sys.stderr)
                raise
            finally:
                process.terminate()  # it ends its proxy and every server before it goes
                process.wait(120)


def held(pid: int, but: Collection[int] = ()) -> tuple[float, float]:
    """Megabytes (PSS) and seconds of processor of a process and all that it started."""
    megabytes = seconds = 0.0
    with suppress(psutil.Error):
        waiting = [psutil.Process(pid)]
        while waiting:
            process = waiting.pop()
            with suppress(psutil.Error):
                waiting += [child for child in process.children() if child.pid not in but]
                megabytes += process.memory_full_info().pss / 1e6
                used = process.cpu_times()
                seconds += used.user + used.system + used.children_user + used.children_system
    return megabytes, seconds


def watch(learners: list[Learner], done: threading.Event) -> None:
    """Look at everybody again and again; keep the highest."""
    while not done.wait(2.0):
        for learner in learners:
            learner.highest = max(learner.highest, held(learner.pid)[0])


def teach(number: str, count: int, pause: float, proxy: str) -> Group:
    """Let a class come in, work and stay; measure it, and send it home."""
    lesson = runner.lesson_path(number)
    names = [f"learner{n:02d}" for n in range(1, count + 1)]
    group = Group(number, [Learner(name) for name in names])

    def each(do: Callable[[Learner], None]) -> None:
        def later(turn: tuple[int, Learner]) -> None:
            time.sleep(turn[0] * pause)
            try:
                do(turn[1])
            except FAULTS as error:
                turn[1].error = turn[1].error or f"{type(error).__name__}: {error}"

        with ThreadPoolExecutor(count) as pool:
            list(pool.map(later, enumerate(group.learners)))

    with running(proxy) as hub:
        each(hub.enter)
        for learner in group.learners:
            learner.alone, learner.processor = held(learner.pid)
        done = threading.Event()
        looking = threading.Thread(target=watch, args=(group.learners, done), daemon=True)
        looking.start()
        start = time.monotonic()
        each(lambda learner: hub.work(learner, lesson.name))
        group.seconds = time.monotonic() - start
        done.set()
        looking.join()
        for learner in group.learners:
            learner.end, used = held(learner.pid)
            learner.processor = used - learner.processor
            learner.highest = max(learner.highest, learner.end)
        group.hub = held(hub.pid, {learner.pid for learner in group.learners})[0]
    return group


def measured(groups: list[Group]) -> list[list[int]]:
    """Sum up each class in whole numbers: medians, but for the highest and the last."""

    def middle(name: str, of: list[Learner]) -> int:
        return math.ceil(statistics.median(getattr(learner, name) for learner in of))

    return [
        [
            int(group.lesson), len(group.learners), sum(not x.error for x in group.learners),
            middle("ready", group.learners), middle("alone", group.learners),
            middle("end", group.learners), math.ceil(max(x.highest for x in group.learners)),
            math.ceil(group.hub), middle("processor", group.learners), math.ceil(group.seconds),
        ]
        for group in groups
    ]  # fmt: skip


def needed(row: list[int]) -> list[float | int]:
    """Compute what a class of thirty needs in a lesson, from a row of `measured`.

    That is gigabytes of memory, cores that are busy while the lesson is read, and the minutes until
    the last has finished if all run every cell at the same moment, for each number of `CORES`.
    """
    lesson, highest, hub, processor = (row[place] for place in (0, 6, 7, 8))
    text = runner.lesson_path(f"{lesson:02d}").read_text(encoding="utf-8")
    read = re.search(r"\*\*Time:\*\* (\d+) minutes", text)
    busy = CLASS * processor / (60 * int(read[1])) if read else math.nan
    memory = math.ceil((CLASS * highest + hub) / 1000 + SYSTEM_GB)
    return [memory, round(busy, 1), *(math.ceil(CLASS * processor / c / 60) for c in CORES)]


def tables(rows: list[list[int]]) -> str:
    """Two tables in Markdown, what was seen and what thirty need, and the memory to buy."""
    thirty = [needed(row) for row in rows]
    lessons = [f"lesson {row[0]:02d}" for row in rows]
    seen = ("seen", *lessons), SEEN, [row[1:] for row in rows]
    blocks = []
    for head, names, columns in seen, (("for thirty", *lessons), NEEDED, thirty):
        lines = [head, ["---"] * len(head), *zip(names, *columns, strict=True)]
        blocks.append("\n".join(f"| {' | '.join(map(str, line))} |" for line in lines))
    size = next(size for size in SIZES if size >= max(need[0] for need in thirty))
    blocks.append(f"So a machine with **{size} GB** of memory carries thirty through them.\n")
    return "\n\n".join(blocks)


def write_page(text: str) -> None:
    """Put what was measured between the marks of the page."""
    page = PAGE.read_text(encoding="utf-8")
    start, end = page.index(MARKS[0]) + len(MARKS[0]), page.index(MARKS[1])
    paths.write_text(PAGE, f"{page[:start]}\n{text}\n{page[end:]}")


def main(arguments: list[str]) -> int:
    """Measure classes; 1 if somebody did not come to the end of a lesson."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("classes", nargs="+", help="lesson:learners, such as 01:20")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds from one to the next")
    parser.add_argument("--proxy", default="configurable-http-proxy", help="where the proxy is")
    parser.add_argument("--page", action="store_true", help="write the tables into the page")
    chosen = parser.parse_args(arguments)
    proxy = shutil.which(chosen.proxy)
    if proxy is None or not Path(sys.executable).with_name("jupyterhub").is_file():
        parser.error("it wants jupyterhub beside this Python, and npm's configurable-http-proxy")
    groups = []
    for number, _, count in (one.partition(":") for one in chosen.classes):
        groups.append(teach(number, int(count or 1), chosen.pause, str(Path(proxy).resolve())))
        for learner in groups[-1].learners:
            print(learner, flush=True)
    text = (
        f"Seen on a machine with {os.cpu_count()} cores, under JupyterHub {version('jupyterhub')}; "
        f"a learner came in every {chosen.pause:g} seconds.\n\n{tables(measured(groups))}"
    )
    print(text)
    if chosen.page:
        write_page(text)
    return 1 if any(learner.error for group in groups for learner in group.learners) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
