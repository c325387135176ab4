"""Feed every loader with damaged files: each is read or refused in the course's own words.

``python tools/fuzz.py`` prints the table of the book. From the small sound files of `fuzz_seeds`,
`inputs` makes others by their number: bits flipped, pieces cut off, doubled, exchanged or put in,
numbers that lie. Where a checksum or a compression would stop the damage at the door, half of the
inputs are damaged behind it and sealed again.

Each loader runs in a child process with 1 GB of memory to spare and 5 seconds of processor.
Anything else than a result or a `MedtutorError` is a fault: another exception, no memory, no time,
a crash of the process, a file that came or went. ``--only LOADER --input NUMBER`` does one again in
the open.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import fuzz_seeds
import numpy as np
from fuzz_seeds import LOADERS, Files, Loader

from medtutor.errors import MedtutorError

MEMORY = 1_000_000_000  # bytes above what the process holds before the first input
SECONDS = 5
# Seconds of processor, and of a clock where another waits; the last kills what hears no signal.
CLOCKS = {signal.ITIMER_PROF: 1, signal.ITIMER_REAL: 10, signal.ITIMER_VIRTUAL: 3}
FULL = 10_000
NUMBERS = (0, 1, 2, 3, 127, 255, 32768, 65535, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
WORDS = (
    *("0", "-1", "1e9", "999999999", "2147483648", "9" * 30, "1e400", "-0.0", "nan", "inf", "1,5"),
    *("", " ", '"', "'", "..", "../x", "/etc/passwd", "C:\\x", "\0", "µV", "é", "\ufeff"),
    "x" * 5000,
)


@dataclass
class Row:
    """One line of the table."""

    loader: str
    inputs: int = 0
    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    faults: dict[int, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Write the line in Markdown."""
        cells = (self.loader, self.inputs, self.read, self.refused, len(self.faults))
        return (
            "| "
            + " | ".join(f"{c:,}" if isinstance(c, int) else c for c in cells)
            + (f" | {self.seconds:.0f} |")
        )


class OutOfTime(BaseException):
    """An input that takes too long; no `except Exception` may swallow it."""


# ------------------------------ damage


@cache
def _lies(name: str) -> list[Files]:
    return LOADERS[name].lies()


def damaged(data: bytes, rng: np.random.Generator, text: bool = False) -> bytes:
    """Damage a file in one to four ways."""
    result = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        by = _words if text and rng.random() < 0.7 else _bytes
        result = by(result, rng)
    return bytes(result)


def _bytes(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Flip, overwrite, cut, double, move or put in a few bytes."""
    if not data:
        return bytearray(rng.bytes(4))
    # half of the damage hits the head of the file, where sizes and kinds stand
    reach = len(data) if rng.random() < 0.5 else min(len(data), 400)
    at, other = (int(rng.integers(reach)) for _ in range(2))
    length = int(rng.integers(1, 64))
    kind = int(rng.integers(8))
    if kind == 0:
        data[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        data[at] = int(rng.integers(256))
    elif kind == 2:  # a size that lies
        width = int(rng.choice([1, 2, 4, 8]))
        order = "little" if rng.random() < 0.5 else "big"
        lie = int(rng.choice(NUMBERS)) % 256**width
        data[at : at + width] = lie.to_bytes(width, order)
    elif kind == 3:
        del data[at:]
    elif kind == 4:
        del data[at : at + length]
    elif kind == 5:
        data[at:at] = data[other : other + length] * int(rng.integers(1, 4))
    elif kind == 6:
        data[at:at] = rng.bytes(length)
    else:  # two pieces change places
        first, second = data[at : at + length], data[other : other + length]
        data[at : at + length], data[other : other + length] = second, first
    return data


def _words(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Exchange, replace, double or take out fields and lines of a text."""
    lines = bytes(data).split(b"\n")
    k, other = (int(rng.integers(len(lines))) for _ in range(2))
    kind = int(rng.integers(5))
    if kind == 0:
        lines[k], lines[other] = lines[other], lines[k]
    elif kind == 1:
        lines.insert(k, lines[other])
    elif kind == 2:
        del lines[k]
    else:
        fields = re.split(rb"([ ,;:/()\[\]{}]+)", lines[k])
        place = int(rng.integers(len(fields)))
        word = str(rng.choice(WORDS)).encode()
        fields[place] = word if kind == 3 else fields[int(rng.integers(len(fields)))]
        lines[k] = b"".join(fields)
    return bytearray(b"\n".join(lines))


def inputs(name: str, loader: Loader, number: int, seeds: list[Files]) -> Files:
    """Make the files of an input from its number; the first are the loader's lies."""
    if number < len(lies := _lies(name)):
        return lies[number]
    rng = np.random.default_rng([zlib.crc32(name.encode()), number])
    files = dict(seeds[number % len(seeds)])
    chosen = [file for file in files if Path(file).match(loader.damage)]
    file = str(rng.choice(chosen))

    def damage(data: bytes) -> bytes:
        return damaged(data, rng, loader.text)

    inside = loader.seal is not None and rng.random() < 0.5
    files[file] = (
        loader.seal(files[file], damage) if inside and loader.seal else damage(files[file])
    )
    return files


# ------------------------------ the run


def attempt(loader: Loader, files: Files, place: Path) -> str:
    """Give one input to a loader: ``"read"``, ``"refused"``, or what went wrong."""
    folder, scratch = place / "data", place / "tmp"
    for file, data in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)
    scratch.mkdir()
    tempfile.tempdir = str(scratch)
    answer = "read"
    for clock, factor in CLOCKS.items():
        signal.setitimer(clock, factor * SECONDS * loader.patience)
    try:
        with warnings.catch_warnings(action="ignore"), contextlib.redirect_stdout(io.StringIO()):
            loader.read(folder)
    except MedtutorError:
        answer = "refused"
    except OutOfTime:
        answer = f"more than {SECONDS} s"
    except Exception as error:
        answer = f"{type(error).__name__} in {_where(error)}: {error}"
    finally:
        for clock in CLOCKS:
            signal.setitimer(clock, 0)
        tempfile.tempdir = None
    left = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    left ^= set(files)
    strange = left | {p.name for p in scratch.rglob("*")}
    if strange:
        answer = f"left behind or taken away: {sorted(strange)}"
    for path in (folder, scratch):
        shutil.rmtree(path)
    return answer


def _where(error: BaseException) -> str:
    """Name the line of the package that let an exception through."""
    trace, place = error.__traceback__, ""
    while trace:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "medtutor" in file.parts:
            place = f"{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _out_of_time(*_: object) -> None:
    raise OutOfTime


def _bounded() -> None:
    """Limit the memory of this process, and make the clock heard."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for sound in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(sound, _out_of_time)


def _child(name: str, seeds: list[Files], numbers: range, pipe: int, place: Path) -> None:
    """Try inputs one after the other and tell the parent of each: before, and after."""
    loader = LOADERS[name]
    with os.fdopen(pipe, "w", buffering=1) as out, open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # libtiff speaks of each damaged file
        _bounded()
        for number in numbers:
            files = inputs(name, loader, number, seeds)
            out.write(json.dumps([number, ""]) + "\n")
            out.write(json.dumps([number, attempt(loader, files, place)]) + "\n")


def _answers(name: str, seeds: list[Files], numbers: range) -> Iterator[tuple[int, str]]:
    """Run a child process over inputs; a new one goes on where the last one died."""
    while numbers:
        place = Path(tempfile.mkdtemp(prefix="fuzz"))
        inlet, outlet = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(inlet)
                _child(name, seeds, numbers, outlet, place)
                status = 0
            finally:
                os._exit(status)
        os.close(outlet)
        last, done = numbers.start, numbers.start - 1
        with os.fdopen(inlet) as lines:
            for number, answer in map(json.loads, lines):
                last = number
                if answer:
                    done = number
                    yield number, answer
        _, status = os.waitpid(child, 0)
        shutil.rmtree(place, ignore_errors=True)
        if status and done < last:
            what = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "exit"
            yield last, f"the process died ({what})"
        elif status:
            raise RuntimeError(f"{name}: the child failed outside of an input")
        numbers = range(last + 1, numbers.stop)


def run(name: str, count: int) -> Row:
    """Give `count` damaged inputs to one loader."""
    loader = LOADERS[name]
    seeds = loader.seeds()
    with tempfile.TemporaryDirectory() as place:
        # Sound files are read: this imports what the children share, and proves the seeds.
        for sound in (signal.SIGALRM, signal.SIGPROF):
            signal.signal(sound, _out_of_time)
        for files in seeds:
            answer = attempt(loader, files, Path(place))
            if answer != "read":
                raise RuntimeError(f"{name}: a sound file is not read: {answer}")
    row, start = Row(name), time.monotonic()
    for number, answer in _answers(name, seeds, range(count // 5 if loader.slow else count)):
        row.inputs += 1
        if answer == "read" and number < len(_lies(name)):
            answer = "a lie was believed"
        if answer in ("read", "refused"):
            setattr(row, answer, getattr(row, answer) + 1)
        else:
            row.faults[number] = answer
    row.seconds = time.monotonic() - start
    return row


def main(arguments: list[str]) -> int:
    """Run the loaders and print the table; 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=FULL, help=f"of each loader ({FULL:,})")
    parser.add_argument("--only", choices=LOADERS, action="append", help="this loader")
    parser.add_argument("--input", type=int, help="do one input again, with its traceback")
    parser.add_argument("--json", type=Path, help="write the rows there too")
    chosen = parser.parse_args(arguments)
    if chosen.input is not None:
        loader = LOADERS[chosen.only[0]]
        folder = Path(tempfile.mkdtemp())
        for file, data in inputs(chosen.only[0], loader, chosen.input, loader.seeds()).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(data)
        print(folder, flush=True)
        print(loader.read(folder))
        return 0
    if chosen.inputs < FULL:
        fuzz_seeds.ROWS //= 20
    rows = []
    print("| loader | inputs | read | refused | faults | seconds |\n|---|---|---|---|---|---|")
    for name in chosen.only or LOADERS:
        rows.append(run(name, chosen.inputs))
        print(rows[-1], flush=True)
    for row in rows:
        kinds = Counter(answer.partition(":")[0] for answer in row.faults.values())
        for kind, count in kinds.most_common():
            first = next(n for n, answer in row.faults.items() if answer.startswith(kind))
            print(
                f"{row.loader}: {count} x {row.faults[first][:300]}, --input {first}",
                file=sys.stderr,
            )
    if chosen.json:
        chosen.json.write_text(json.dumps([row.__dict__ for row in rows]), encoding="utf-8")
    return 1 if any(row.faults for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
