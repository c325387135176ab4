"""Kill the course at random moments while it writes: afterwards a file is old or new, and whole.

``python tools/kill.py`` prints the table of the book. For each kill a child process writes the same
thing again and again, until it is shot (SIGKILL, which no program hears). All children are told the
same process number, as happens in containers. Then what is there is read: half a file, a file that
came from nowhere, and an answer that was kept and is gone are faults. At last one more child writes
undisturbed beside all that the others left hidden.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.server
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tqdm import tqdm

from medtutor import ledger, paths, workspace
from medtutor.exercises import registry
from medtutor.exercises.engine import Report

FULL = 200  # kills of each writer
PASSPHRASE = "five words that nobody guesses"
LARGE = 2_000_000  # bytes, so that writing takes a while


@dataclass(frozen=True)
class Writer:
    """What writes (and says so after each time), what is there before, and what is wrong after.

    `before` prepares a folder; `write` works in it until it is shot; `wrong` looks at the folder
    and at how often `write` had finished, and gives a sentence, or nothing.
    """

    before: Callable[[Path], None]
    write: Callable[[Path], Iterator[None]]
    wrong: Callable[[Path, int], str]


@dataclass
class Row:
    """One line of the table; `half` counts kills that left something hidden behind."""

    writer: str
    kills: int = 0
    half: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Write the line in Markdown."""
        cells = (self.writer, self.kills, self.half, len(self.faults), f"{self.seconds:.0f}")
        return "| " + " | ".join(map(str, cells)) + " |"


def _nothing(_: Path) -> None:
    """Prepare nothing."""


def _strange(folder: Path, *expected: str) -> str:
    """Name what can be seen in a folder and should not be there."""
    seen = {p.name for p in folder.iterdir() if not p.name.startswith(".")}
    return f"left in sight: {sorted(seen - set(expected))}" if seen - set(expected) else ""


# ------------------------------ writers


def _progress() -> Writer:
    """Solve one exercise after the other."""

    def write(folder: Path) -> Iterator[None]:
        os.environ[registry.PROGRESS] = str(folder / "progress.json")
        for number in count():
            registry._remember(Report(f"{number}", 1, 1, "passed"))
            yield

    def wrong(folder: Path, times: int) -> str:
        file = folder / "progress.json"
        states = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        lost = [n for n in range(times) if states.get(str(n)) != "passed"]
        return f"lost: {lost}" if lost else _strange(folder, "progress.json")

    return Writer(_nothing, write, wrong)


def _results() -> Writer:
    """Record one result after the other."""

    def write(folder: Path) -> Iterator[None]:
        os.environ[ledger.RESULTS] = str(folder / "results.json")
        for number in count():
            with contextlib.redirect_stdout(None):
                ledger.record(f"demo.{number}", number)
            yield

    def wrong(folder: Path, times: int) -> str:
        file = folder / "results.json"
        found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        lost = [n for n in range(times) if found.get(f"demo.{n}", {}).get("value") != n]
        return f"lost: {lost}" if lost else _strange(folder, "results.json")

    return Writer(_nothing, write, wrong)


def _copies() -> Writer:
    """Hand out the lessons to somebody who has edited one of them and kept an old number."""
    lessons = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))
    mine = b'{"cells": [], "mine": "check(\\"13.1\\", f)"}'
    old = "13_" + next(p for p in lessons if p.name.startswith("14")).name[3:]

    def before(folder: Path) -> None:
        (folder / lessons[0].name).write_bytes(mine)
        (folder / old).write_bytes(mine)

    def write(folder: Path) -> Iterator[None]:
        while True:
            workspace.refresh(folder)
            yield
            for lesson in lessons[1:]:
                (folder / lesson.name).unlink()

    def wrong(folder: Path, times: int) -> str:
        if (folder / lessons[0].name).read_bytes() != mine:
            return "the edited copy is lost"
        kept = [folder / old, folder / workspace.STATE / workspace.BEFORE / old]
        if not any(path.is_file() and path.read_bytes() == mine for path in kept):
            return "the edited copy of the old number is lost"
        for lesson in lessons[1:]:
            copy = folder / lesson.name
            there = copy.is_file() and lesson.name[:2] != "14"
            if there and copy.read_bytes() != lesson.read_bytes():
                return f"{copy.name} is not whole"
        known = [p.name for p in lessons]
        return _strange(folder, *known, old, *(f"{name[:-6]}.new.ipynb" for name in known))

    return Writer(before, write, wrong)


def _notebook() -> Writer:
    """Store a notebook over an older one."""
    texts = [json.dumps({"version": k, "cells": ["x" * LARGE]}) for k in range(2)]

    def before(folder: Path) -> None:
        (folder / "a.ipynb").write_text(texts[0], encoding="utf-8")

    def write(folder: Path) -> Iterator[None]:
        for number in count(1):
            paths.write_text(folder / "a.ipynb", texts[number % 2])
            yield

    def wrong(folder: Path, times: int) -> str:
        whole = (folder / "a.ipynb").read_text(encoding="utf-8") in texts
        return _strange(folder, "a.ipynb") if whole else "neither the old one nor the new one"

    return Writer(before, write, wrong)


def _model() -> Writer:
    """Write a model file in pieces, as a converter does."""
    from medtutor import export

    content = bytes(range(256)) * (LARGE // 256)

    def write(folder: Path) -> Iterator[None]:
        while True:
            with export._appears(folder / "a.onnx", ".onnx") as hidden, hidden.open("wb") as file:
                for at in range(0, len(content), 65536):
                    file.write(content[at : at + 65536])
            yield

    def wrong(folder: Path, times: int) -> str:
        file = folder / "a.onnx"
        if times and not file.is_file():
            return "it was there and is lost"
        if file.is_file() and file.read_bytes() != content:
            return "it is not whole"
        return _strange(folder, "a.onnx")

    return Writer(_nothing, write, wrong)


def _study() -> Writer:
    """De-identify a series into one folder after the other."""
    from medtutor.ct import phantom
    from medtutor.privacy.deidentification import deidentify

    def before(folder: Path) -> None:
        (folder / "in").mkdir()
        phantom.write_series(folder / "in", slices=2, size=32)

    def write(folder: Path) -> Iterator[None]:
        for number in count():
            deidentify(folder / "in", folder / f"out{number}", key=folder / f"key{number}")
            yield

    def wrong(folder: Path, times: int) -> str:
        for key in folder.glob("key*"):
            if len(key.read_text(encoding="ascii")) != 65:
                return "half a key"
        for number in range(times + 1):
            out = folder / f"out{number}"
            if out.exists() and len(list(out.rglob("*.dcm"))) != 2:
                return f"{out.name} is not whole"
            if out.exists() and not (folder / f"key{number}").is_file():
                return f"{out.name} is there without its key"
            if number < times and not out.exists():
                return f"{out.name} was written and is lost"
        made = [f"{word}{number}" for word in ("out", "key") for number in range(times + 1)]
        return _strange(folder, "in", *made)

    return Writer(before, write, wrong)


def _vault() -> Writer:
    """Encrypt a folder, and decrypt it, again and again."""
    from medtutor.privacy import encryption

    def before(folder: Path) -> None:
        (folder / "in").mkdir()
        for name in "ab":
            (folder / "in" / name).write_bytes(name.encode() * (LARGE // 4))

    def write(folder: Path) -> Iterator[None]:
        for number in count():
            encryption.encrypt(folder / "in", folder / f"locked{number}", PASSPHRASE, work=10)
            encryption.encrypt(folder / "in" / "a", folder / f"one{number}", PASSPHRASE, work=10)
            encryption.decrypt(folder / f"locked{number}", folder / f"open{number}", PASSPHRASE)
            yield

    def wrong(folder: Path, times: int) -> str:
        with tempfile.TemporaryDirectory() as place:
            for number in (times - 1, times):
                for word in ("locked", "one"):
                    if (folder / f"{word}{number}").exists():
                        encryption.decrypt(
                            folder / f"{word}{number}", Path(place) / f"{word}{number}", PASSPHRASE
                        )
                    elif number < times and number >= 0:
                        return f"{word}{number} was written and is lost"
                opened = folder / f"open{number}"
                if opened.exists() and {
                    p.name: p.stat().st_size for p in opened.iterdir()
                } != dict.fromkeys("ab", LARGE // 4):
                    return f"{opened.name} is not whole"
        words = ("locked", "one", "open")
        return _strange(folder, "in", *(f"{w}{n}" for w in words for n in range(times + 1)))

    return Writer(before, write, wrong)


def _download() -> Writer:
    """Fetch two files from a server on this machine, again and again."""
    from medtutor.datasets import download
    from medtutor.datasets.registry import File, Source, sources

    content = {f"{name}.bin": name.encode() * LARGE for name in "ab"}
    hashes = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in content.items()}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = content[self.path.rsplit("/", 1)[-1]]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(data)

        def log_message(self, format: str, *_: object) -> None:
            """Stay quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    files = tuple(File(name, hash_, 2 * LARGE) for name, hash_ in hashes.items())
    address = f"http://127.0.0.1:{server.server_port}/"
    source = Source("demo", "ct", "demo", "none", "none", "demo", address, "", files)
    sources()["demo"] = source

    def write(folder: Path) -> Iterator[None]:
        os.environ[download.CACHE] = str(folder)
        while True:
            download.get("demo")
            yield
            for name in content:
                (folder / "demo" / name).unlink()

    def wrong(folder: Path, times: int) -> str:
        os.environ[download.CACHE] = str(folder)
        for row in download.verify("demo"):
            if row.state == "damaged":
                return f"{row.file} can be seen and is not whole"
        return ""  # what pooch has begun is called tmp…, a name that no source has

    return Writer(_nothing, write, wrong)


WRITERS: dict[str, Callable[[], Writer]] = {
    "progress": _progress,
    "results.json": _results,
    "copies of the lessons": _copies,
    "stored notebook": _notebook,
    "model file": _model,
    "de-identified study and its key": _study,
    "encrypted and decrypted files": _vault,
    "download": _download,
}


# ------------------------------ the run


def _child(writer: Writer, folder: Path, pipe: int, once: bool) -> None:
    """Write until the end comes; a byte goes through the pipe after each time."""
    os.getpid = lambda: 7  # what is left by one must not stop the next
    tqdm.set_lock(threading.RLock())  # its own is shared by forks, and would die with one of them
    for _ in writer.write(folder):
        os.write(pipe, b".")
        if once:
            return


def _shoot(writer: Writer, folder: Path, after: float | None) -> tuple[int, float, int]:
    """Run a child and kill it after some seconds (None: let it write once).

    Gives how often it had written, its seconds, and its status.
    """
    inlet, outlet = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(inlet)
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                _child(writer, folder, outlet, once=after is None)
            status = 0
        finally:
            os._exit(status)
    os.close(outlet)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - start
    with os.fdopen(inlet, "rb") as written:
        return len(written.read()), seconds, status


def run(name: str, kills: int, seed: int = 0) -> Row:
    """Kill one writer so many times."""
    writer, dice, row = WRITERS[name](), random.Random(seed), Row(name)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        for way in ("warm", "timed"):  # the first imports what the children share
            folder = Path(place) / way
            folder.mkdir()
            writer.before(folder)
            if way == "warm":
                next(writer.write(folder))
        _, once, status = _shoot(writer, folder, None)
        if status:
            raise RuntimeError(f"{name}: writing fails where nobody shoots")
        for number in range(kills):
            folder = Path(place) / str(number)
            folder.mkdir()
            writer.before(folder)
            times, _, status = _shoot(writer, folder, dice.uniform(0, 2.5 * once))
            row.kills += 1
            row.half += any(
                p.name.startswith((".", "tmp")) for p in folder.rglob("*") if p.name != ".medtutor"
            )
            try:
                wrong = writer.wrong(folder, times)
            except Exception as error:
                wrong = f"{type(error).__name__}: {error}"
            if not os.WIFSIGNALED(status):
                wrong = "the child failed by itself"
            if not wrong and not number % 10:
                _, _, status = _shoot(writer, _again(folder), None)
                wrong = "what was left stops the next run" if status else ""
            if wrong:
                row.faults.append(wrong)
            shutil.rmtree(folder)
    row.seconds = time.monotonic() - start
    return row


def _again(folder: Path) -> Path:
    """Take away what was finished, so that the next run meets only what was left hidden."""
    for path in folder.glob("*"):
        if path.name[:3] in ("out", "key", "loc", "one", "ope"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def main(arguments: list[str]) -> int:
    """Kill every writer and print the table; 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=FULL, help=f"of each writer ({FULL})")
    parser.add_argument("--only", choices=WRITERS, action="append", help="this writer")
    parser.add_argument("--json", type=Path, help="write the rows there too")
    chosen = parser.parse_args(arguments)
    rows = []
    print(
        "| writer | kills | in the middle | faults | seconds |\n|---|---|---|---|---|", flush=True
    )
    for name in chosen.only or WRITERS:
        rows.append(run(name, chosen.kills))
        print(rows[-1], flush=True)
    for row in rows:
        for fault in sorted(set(row.faults)):
            print(f"{row.writer}: {row.faults.count(fault)} x {fault}", file=sys.stderr)
    if chosen.json:
        chosen.json.write_text(json.dumps([row.__dict__ for row in rows]), encoding="utf-8")
    return 1 if any(row.faults for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
