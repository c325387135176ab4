"""Execute lessons outside a browser: one for `medtutor run`, all of them for `medtutor course`."""

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from medtutor import language, ledger, paths
from medtutor.errors import DataError, MedtutorError

CELL_SECONDS = 1800  # a cell that computes for half an hour is stuck
SAMPLE_SECONDS = 0.2  # how often the memory of a kernel is read
DATA = "MEDTUTOR_DATA"  # names the data source to a lesson


@dataclass(frozen=True)
class Outcome:
    """How the execution of one lesson went."""

    lesson: str
    seconds: float
    peak_mb: float
    error: str = ""
    refused: bool = False  # the lesson stopped with a message on the data


def lesson_path(named: str) -> Path:
    """Find a lesson by its number, or by the words of its file, such as ``heart_rate``."""
    lessons, word = all_lessons(), Path(named).stem.lower()
    found = [p for p in lessons if word and (word.zfill(2) == p.stem[:2] or word == p.stem)]
    if word and not found:
        found = [p for p in lessons if word in p.stem[3:]]
    if len(found) != 1:
        problem = f"{named} may mean several lessons" if found else f"there is no lesson {named}"
        there = ", ".join(p.stem if found else p.stem[:2] for p in found or lessons)
        raise DataError(problem, remedy=f"There are: {there}.")
    return found[0]


def all_lessons() -> list[Path]:
    """Paths of all lessons, in order."""
    return sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))


def run(number: str, data: str | None = None, out: Path | None = None) -> Path:
    """Execute a lesson; write the notebook, as far as it came, and `results.json` to `out`."""
    lesson = lesson_path(number)
    setting = data_setting(data)
    out = prepare_output(out or Path("results") / lesson.name[:2], setting.get(DATA, ""))
    environment = {ledger.RESULTS: str(out / "results.json"), **setting}
    for old in (out / "results.json", out / lesson.name, *cards(out / lesson.name)):
        old.unlink(missing_ok=True)  # what an earlier run found is no result of this one
    with tqdm(total=_code_cells(lesson), desc=f"lesson {lesson.name[:2]}", unit="cell") as bar:
        outcome = execute(lesson, out, environment, bar.update)
    if not (out / "results.json").is_file():
        paths.write_text(out / "results.json", "{}\n")
    if outcome.error:
        kind = DataError if outcome.refused else MedtutorError
        raise kind(outcome.error, remedy=f"The notebook up to there is in {out}.")
    return out / lesson.name


def cards(notebook: Path) -> list[Path]:
    """Find the model cards that the lesson on your own data writes beside its notebook."""
    own = notebook.stem.endswith("own_data")
    return sorted(notebook.parent.glob("own_data/model_card.*")) if own else []


def course(jobs: int, out: Path, only: list[str] | None = None) -> list[Outcome]:
    """Execute lessons side by side, each on its share of the cores; a failure stops no other."""
    out = prepare_output(out)
    lessons = list(dict.fromkeys(map(lesson_path, only))) if only else all_lessons()
    threads = max(1, min(2, (os.cpu_count() or 1) // jobs))
    cells = sum(_code_cells(lesson) for lesson in lessons)

    def step() -> None:
        with bar.get_lock():
            bar.update()

    def one(lesson: Path) -> Outcome:
        results = out / f"{lesson.stem}.results.json"
        results.unlink(missing_ok=True)
        environment = {ledger.RESULTS: str(results), "MEDTUTOR_THREADS": str(threads)}
        return execute(lesson, out, environment, step)

    with tqdm(total=cells, desc="course", unit="cell") as bar, ThreadPoolExecutor(jobs) as pool:
        outcomes = sorted(pool.map(one, lessons), key=lambda o: o.lesson)
    table = [o.__dict__ for o in outcomes]
    paths.write_text(out / "course.json", json.dumps(table, indent=1) + "\n")
    return outcomes


def execute(
    lesson: Path, out: Path, environment: dict[str, str], step: Callable[[], object] = lambda: None
) -> Outcome:
    """Execute one notebook in a kernel of its own; the outcome says what failed, where and why."""
    book = _read(lesson)
    for cell in book.cells:
        if cell.cell_type == "code":  # stored outputs would stand behind a cell that fails
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        book,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        # What C libraries write goes to the log: only Python's own output belongs to the lesson.
        extra_arguments=["--IPKernelApp.capture_fd_output=False"],
        resources={"metadata": {"path": str(lesson.parent)}},
        on_cell_complete=lambda **_: step(),
    )
    start, error, refused = time.monotonic(), "", False
    with (
        tempfile.TemporaryFile("w+", errors="replace") as log,  # chatter of kernel and libraries
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch,
        _memory(client) as megabytes,
    ):
        # What a lesson or a library puts into the temporary folder may be of a patient: it goes.
        place = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)
        try:
            client.execute(env={**os.environ, **place, **environment}, stderr=log, stdout=log)
        except CellExecutionError as failure:
            error = f"lesson {lesson.name[:2]} failed: {_reason(book, failure)}"
            refused = failure.ename in ("DataError", "SplitError")
        except (CellTimeoutError, DeadKernelError, NoSuchKernel, RuntimeError) as failure:
            log.seek(0)
            last = " ".join(log.read().strip().splitlines()[-2:])
            error = f"lesson {lesson.name[:2]} failed: {type(failure).__name__}: {failure} {last}"
    seconds = time.monotonic() - start
    paths.write_text(out / lesson.name, nbformat.writes(book))
    return Outcome(lesson.name[:2], seconds, max(megabytes), error, refused)


def prepare_output(out: Path, data: str = "") -> Path:
    """Make the folder for results; refuse one that cannot be written or holds what must stay."""
    place, source = out.expanduser().resolve(), Path(data).resolve()
    source = source.parent if source.is_file() else source
    # Copies in another language stand one folder deeper, in `zh`.
    home = place.parent if place.name in language.SUPPORTED else place
    what = ""
    if data and source.is_dir() and place.is_relative_to(source):
        what = "the results would be written into the folder of your data"
    elif place == paths.notebooks().resolve() or (home / ".medtutor").is_dir():
        what = "the results would be written over the lessons in this folder"
    if what:
        raise DataError(what, place, "Choose a folder outside of it with --out.")
    try:
        place.mkdir(parents=True, exist_ok=True)
        paths.write_text(place / ".write-test", "")
        (place / ".write-test").unlink()
    except OSError as error:
        raise DataError(
            f"the results cannot be written there ({error.strerror})",
            path=out,
            remedy="Choose another folder with --out.",
        ) from None
    return place


def _read(lesson: Path) -> Any:
    """Read a notebook, or say that it is damaged."""
    try:
        if lesson.parent == paths.notebooks():
            return nbformat.reads(language.notebook(lesson, language.in_use()).decode(), 4)
        return nbformat.read(lesson, 4)
    except Exception as error:  # nbformat raises whatever the damaged file resembles
        raise DataError(
            f"this is not a notebook that can be read ({type(error).__name__})",
            lesson,
            "Move it away and get a new copy with `medtutor lab`.",
        ) from None


def _code_cells(lesson: Path) -> int:
    return sum(c.cell_type == "code" for c in _read(lesson).cells)


def data_setting(data: str | None) -> dict[str, str]:
    """Turn --data into the environment of a kernel, which runs in another folder."""
    from medtutor.datasets import registry

    if data is None:
        return {}
    path = Path(data).expanduser()
    if data and path.exists():
        return {DATA: str(path.resolve())}
    names = ["default", *(n for n, s in registry.sources().items() if s.kind in ("ct", "ecg"))]
    if data in names:
        return {DATA: data}
    raise DataError(
        "there is no such folder, and no data source of this name",
        path=data or "--data",
        remedy=f"Check the path, or choose one of: {', '.join(names)}.",
    )


def _reason(book: Any, failure: CellExecutionError) -> str:
    """Say which cell failed and why, in a line or two."""
    for number, cell in enumerate((c for c in book.cells if c.cell_type == "code"), 1):
        if any(o.output_type == "error" for o in cell.get("outputs", [])):
            return f"code cell {number}: {failure.ename}: {failure.evalue}"
    return f"{failure.ename}: {failure.evalue}"


@contextmanager
def _memory(client: NotebookClient) -> Iterator[list[float]]:
    """Watch how many megabytes a client's kernel takes."""
    seen, stop = [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(SAMPLE_SECONDS):
            pid = getattr(getattr(client.km, "provisioner", None), "pid", None)
            with suppress(psutil.Error):
                family = [psutil.Process(pid), *psutil.Process(pid).children(True)] if pid else []
                seen.append(sum(p.memory_info().rss for p in family) / 1e6)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
