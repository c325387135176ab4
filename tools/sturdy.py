"""Run each lesson alone under hard conditions: ``make sturdy``.

The lessons run in random order from a copy of the checkout that cannot be written, with a home that
cannot be written and without a network, on 1, 2 and 4 threads, with another kernel of the linear
algebra, and with another Python if one is given (``--also``, an interpreter of an environment that
holds the locked packages). What is printed is a table in Markdown: lesson by condition, ``ok`` or
what failed.

On Linux the locks are real: name spaces of their own (`unshare`), in which the copy and the home
are mounted read-only and only the loopback is up. Elsewhere files lose their write permission, and
a guard in Python refuses connections; the first line says which of the two it was.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from medtutor import paths, runner

COPIED = ("medtutor", "notebooks", "data", "federation", "tools", "pyproject.toml")
# Before Python starts, which would leave its compiled files in the copy.
MOUNT = """for folder in "$1" "$2"; do
  mount --bind "$folder" "$folder" && mount -o remount,ro,bind "$folder" || exit 1
done
shift 2
exec "$@"
"""
GUARD = """import socket
_connect = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(101, "Network is unreachable")
    return _connect(self, address)
socket.socket.connect = connect
"""


def locks() -> list[str]:
    """Command that gives a process name spaces of its own; empty where that is not allowed."""
    command = ["unshare", "--map-root-user", "--mount", "--net"]
    try:
        done = subprocess.run([*command, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return command if done.returncode == 0 else []


def conditions(also: list[str]) -> dict[str, tuple[str, dict[str, str]]]:
    """Name the conditions: interpreter, and what is added to its environment."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.eye(2) @ np.eye(2)
    here = {pool.get("architecture", "") for pool in threadpool_info()}
    other = "Sandybridge" if "Haswell" in here else "Haswell"
    found = {
        f"{n} thread{'s' * (n > 1)}": (sys.executable, {"MEDTUTOR_THREADS": str(n)})
        for n in (1, 2, 4)
    }
    found[f"kernel {other}"] = (
        sys.executable,
        {"MEDTUTOR_THREADS": "2", "OPENBLAS_CORETYPE": other},
    )
    for python in also:
        version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)
        found[version.stdout.strip()] = (python, {"MEDTUTOR_THREADS": "2"})
    return found


def run(
    names: list[str], python: str, setting: dict[str, str], seed: int
) -> dict[str, tuple[str, float]]:
    """Run lessons under one condition: to each, what failed (or nothing) and its seconds."""
    with tempfile.TemporaryDirectory() as place:
        copy, home, free = (Path(place) / name for name in ("checkout", "home", "tmp"))
        for folder in (copy, home, free):
            folder.mkdir()
        for name in COPIED:
            source = paths.root() / name
            ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=ignore)
            else:
                shutil.copy2(source, copy / name)
        lock = [*locks(), "sh", "-c", MOUNT, "sh", str(copy), str(home)] if locks() else []
        kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHASHSEED")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {"HOME": str(home), "TMPDIR": str(free), "PYTHONPATH": str(copy), **setting}
        if not lock:
            (free / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
            environment["PYTHONPATH"] = f"{free}{os.pathsep}{copy}"
            for path in (copy, home, *copy.rglob("*")):
                path.chmod(path.stat().st_mode & ~0o222)
        inside = [python, str(copy / "tools" / "sturdy.py"), "--inside", str(seed), *names]
        before = _state(copy, home)
        done = subprocess.run(
            [*lock, *inside], env=environment, cwd=free, capture_output=True, text=True, check=False
        )
        changed = _state(copy, home) != before
        for path in (copy, home, *copy.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
        rows = dict.fromkeys(names, ("did not run", 0.0))
        for line in done.stdout.splitlines():
            if line.startswith('["sturdy"'):
                _, name, error, seconds = json.loads(line)
                rows[name] = (error, seconds)
        if changed:
            rows = {name: (error or "the checkout changed", s) for name, (error, s) in rows.items()}
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
        return rows


def _state(*folders: Path) -> set[tuple[str, float]]:
    """Name every file with the time when it was written."""
    return {(str(p), p.stat().st_mtime) for folder in folders for p in folder.rglob("*")}


def inside(names: list[str], seed: int) -> int:
    """Run lessons behind the locks, in random order."""
    copy = paths.root()
    if os.environ["PYTHONPATH"] == str(copy):  # in name spaces of our own
        _raise_loopback()
    for folder in (copy, Path.home()):
        try:
            (folder / "probe").touch()
        except OSError:
            continue
        if hasattr(os, "geteuid") and os.geteuid() == 0 and not locks():
            print("root writes everywhere: the write protection proves nothing", file=sys.stderr)
            break
        raise RuntimeError(f"{folder} can be written")
    random.Random(seed).shuffle(names)
    out = Path(tempfile.mkdtemp())
    for name in names:
        start = time.monotonic()
        outcome = runner.execute(runner.lesson_path(name), out, {"MEDTUTOR_DATA": ""})
        row = ["sturdy", name, outcome.error, round(time.monotonic() - start)]
        print("\n" + json.dumps(row), flush=True)
    return 0


def _raise_loopback() -> None:
    """Switch the loopback on, over which kernels are spoken to; nothing else is there."""
    flags = 0x8914, 0x1 | 0x40  # SIOCSIFFLAGS; IFF_UP, IFF_RUNNING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, flags[0], struct.pack("16sH14s", b"lo", flags[1], b""))


def main(arguments: list[str]) -> int:
    """Run the lessons with these numbers, or all; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="numbers of the lessons (default: all)")
    parser.add_argument("--also", action="append", default=[], help="another Python")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the order")
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.inside is not None:
        return inside(chosen.lessons, chosen.inside)
    names = [runner.lesson_path(n).name[:2] for n in chosen.lessons]
    names = names or [p.name[:2] for p in runner.all_lessons()]
    real = "name spaces" if locks() else "permissions and a guard in Python"
    print(f"Locked by {real}; order drawn with --seed {chosen.seed}.\n", flush=True)
    columns = {
        name: run(list(names), python, setting, chosen.seed)
        for name, (python, setting) in conditions(chosen.also).items()
    }
    print(f"| lesson | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name in names:
        cells = [
            f"ok, {seconds:.0f} s" if not error else error.replace("|", "/").replace("\n", " ")
            for error, seconds in (column[name] for column in columns.values())
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    return 1 if any(row[0] for column in columns.values() for row in column.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
