"""Execute lessons outside a browser: one for `medtutor run`, all of them for `medtutor course`."""

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from medtutor import ledger, paths
from medtutor.errors import DataError, MedtutorError

CELL_SECONDS = 1800  # a cell that computes for half an hour is stuck
SAMPLE_SECONDS = 0.2  # how often the memory of a kernel is read


@dataclass(frozen=True)
class Outcome:
    """How the execution of one lesson went."""

    lesson: str
    seconds: float
    peak_mb: float
    error: str = ""


def lesson_path(number: str) -> Path:
    """Find a lesson by its number."""
    found = sorted(paths.notebooks().glob(f"{number.zfill(2)}_*.ipynb"))
    if not found:
        there = ", ".join(sorted(p.name[:2] for p in all_lessons()))
        raise DataError(f"there is no lesson {number}", remedy=f"There are: {there}.")
    return found[0]


def all_lessons() -> list[Path]:
    """Paths of all lessons, in order."""
    return sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))


def run(number: str, data: str | None = None, out: Path | None = None) -> Path:
    """Execute a lesson and write the executed notebook and `results.json` to `out`.

    Raises `DataError` for a mistake in the call and `MedtutorError` when a cell fails; the notebook
    up to there is in `out`.
    """
    lesson = lesson_path(number)
    out = prepare_output(out or Path("results") / lesson.name[:2])
    environment = {ledger.RESULTS: str(out / "results.json"), **_data_setting(data)}
    (out / "results.json").unlink(missing_ok=True)
    with _progress(_code_cells(lesson), f"lesson {lesson.name[:2]}") as step:
        outcome = execute(lesson, out, environment, step)
    if not (out / "results.json").is_file():
        paths.write_text(out / "results.json", "{}\n")
    if outcome.error:
        raise MedtutorError(outcome.error, remedy=f"The notebook up to there is in {out}.")
    return out / lesson.name


def course(jobs: int, out: Path, only: list[str] | None = None) -> list[Outcome]:
    """Execute lessons side by side, each on its share of the cores; a failure stops no other."""
    out = prepare_output(out)
    lessons = [lesson_path(n) for n in only] if only else all_lessons()
    threads = max(1, min(2, (os.cpu_count() or 1) // jobs))
    cells = sum(_code_cells(lesson) for lesson in lessons)

    def one(lesson: Path, step: Callable[[], None]) -> Outcome:
        results = out / f"{lesson.stem}.results.json"
        results.unlink(missing_ok=True)
        environment = {ledger.RESULTS: str(results), "MEDTUTOR_THREADS": str(threads)}
        return execute(lesson, out, environment, step)

    with _progress(cells, "course") as step, ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(one, lesson, step): lesson for lesson in lessons}
        outcomes = [done.result() for done in as_completed(waiting)]
    outcomes.sort(key=lambda o: o.lesson)
    table = [o.__dict__ for o in outcomes]
    paths.write_text(out / "course.json", json.dumps(table, indent=1) + "\n")
    return outcomes


def execute(
    lesson: Path, out: Path, environment: dict[str, str], step: Callable[[], None] = lambda: None
) -> Outcome:
    """Execute one notebook in a kernel of its own and write the result to a folder.

    Never raises for what a cell does: the outcome says which lesson failed, where and why.
    """
    book = nbformat.read(lesson, 4)
    client = NotebookClient(
        book,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(lesson.parent)}},
        on_cell_complete=lambda **_: step(),
    )
    start, error, peak = time.monotonic(), "", _Peak(client)
    with tempfile.TemporaryFile("w+", errors="replace") as log:  # chatter of kernel and libraries
        try:
            with peak:
                client.execute(env={**os.environ, **environment}, stderr=log, stdout=log)
        except CellExecutionError as failure:
            error = f"lesson {lesson.name[:2]} failed: {_reason(book, failure)}"
        except (CellTimeoutError, DeadKernelError, RuntimeError) as failure:
            log.seek(0)
            last = " ".join(log.read().strip().splitlines()[-2:])
            error = f"lesson {lesson.name[:2]} failed: {type(failure).__name__}: {failure} {last}"
    seconds = time.monotonic() - start
    paths.write_text(out / lesson.name, nbformat.writes(book))
    return Outcome(lesson.name[:2], seconds, peak.megabytes, error)


def prepare_output(out: Path) -> Path:
    """Make the folder for results, or say that it cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        paths.write_text(out / ".write-test", "")
        (out / ".write-test").unlink()
    except OSError as error:
        raise DataError(
            f"the results cannot be written there ({error.strerror})",
            path=out,
            remedy="Choose another folder with --out.",
        ) from None
    return out.resolve()


def _code_cells(lesson: Path) -> int:
    return sum(c.cell_type == "code" for c in nbformat.read(lesson, 4).cells)


def _data_setting(data: str | None) -> dict[str, str]:
    """Turn --data into the environment of a kernel, which runs in another folder."""
    if data is None:
        return {}
    if "/" in data or "\\" in data or data.startswith(".") or Path(data).exists():
        folder = Path(data).expanduser()
        if not folder.exists():
            raise DataError("there is no such folder", path=data, remedy="Check --data.")
        return {"MEDTUTOR_DATA": str(folder.resolve())}
    return {"MEDTUTOR_DATA": data}


def _reason(book: Any, failure: CellExecutionError) -> str:
    """Say which cell failed and why, in a line or two."""
    for number, cell in enumerate((c for c in book.cells if c.cell_type == "code"), 1):
        if any(o.output_type == "error" for o in cell.get("outputs", [])):
            return f"code cell {number}: {failure.ename}: {failure.evalue}"
    return f"{failure.ename}: {failure.evalue}"


class _Peak:
    """Watch the memory of a client's kernel and remember the highest value."""

    def __init__(self, client: NotebookClient) -> None:
        self.client, self.megabytes = client, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            provisioner = getattr(self.client.km, "provisioner", None)
            pid = getattr(provisioner, "pid", None)
            if not pid:
                continue
            try:
                kernel = psutil.Process(pid)
                family = [kernel, *kernel.children(recursive=True)]
                used = sum(p.memory_info().rss for p in family) / 1e6
            except psutil.Error:
                continue
            self.megabytes = max(self.megabytes, used)


@contextmanager
def _progress(total: int, what: str) -> Iterator[Callable[[], None]]:
    """Show a bar over cells; safe to step from several threads."""
    from tqdm import tqdm

    lock = threading.Lock()
    with tqdm(total=total, desc=what, unit="cell") as bar:

        def step() -> None:
            with lock:
                bar.update()

        yield step
