"""A learner's own copy of the lessons, which nothing overwrites, and how far the learner is.

`medtutor lab` copies the lessons to a workspace and serves that. When the course is updated, a copy
that the learner has not touched is renewed; one that was touched stays as it is, and the new lesson
is put beside it. What was handed out is remembered by its checksum.
"""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from medtutor import exercises, paths, runner
from medtutor.errors import DataError
from medtutor.exercises.registry import PROGRESS, progress

STATE = ".medtutor"
MARKS = {"passed": "right", "failed": "not right yet", "not yet": "not yet tried"}


def progress_file(folder: Path | None = None) -> Path:
    """File that keeps which exercises are solved."""
    return (folder or paths.workspace()) / STATE / "progress.json"


def refresh(folder: Path | None = None) -> tuple[Path, list[str]]:
    """Bring the workspace up to date without losing anything; give the folder and what was done."""
    folder = folder or paths.workspace()
    record = folder / STATE / "handed-out.json"
    try:
        (folder / STATE).mkdir(parents=True, exist_ok=True)
        handed = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    except OSError as error:
        raise DataError(
            f"the workspace cannot be written ({error.strerror})",
            path=folder,
            remedy="Choose another folder with --workspace.",
        ) from None
    except ValueError:
        handed = {}  # a damaged record: treat every copy as the learner's own
    messages = []
    for lesson in sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb")):
        said = _renew(lesson, folder / lesson.name, handed)
        messages += [said] if said else []
    paths.write_text(record, json.dumps(handed, indent=1, sort_keys=True) + "\n")
    return folder, messages


def check_copy(number: str, folder: Path | None = None) -> int:
    """Run the learner's copy of a lesson, unchanged, and judge it; 0 if every exercise is right."""
    lesson = runner.lesson_path(number)
    copy = (folder or paths.workspace()) / lesson.name
    if not copy.is_file():
        raise DataError(
            "there is no copy of this lesson",
            path=copy,
            remedy="Make one with `medtutor lab`, or name the folder of yours with --workspace.",
        )
    with tempfile.TemporaryDirectory() as temporary:
        states = Path(temporary) / "progress.json"
        outcome = runner.execute(copy, Path(temporary), {PROGRESS: str(states)})
        found = progress(states)
    if outcome.error:
        print(outcome.error)
    keys = exercises.keys(lesson.name[:2])
    _table(keys, found)
    return 0 if not outcome.error and all(found.get(k) == "passed" for k in keys) else 1


def show_progress(folder: Path | None = None) -> int:
    """Show every exercise and whether it is solved."""
    file = progress_file(folder)
    if not file.parent.is_dir():
        raise DataError(
            "there are no copies of the lessons here",
            path=file.parent.parent,
            remedy="Make them with `medtutor lab`, or name the folder of yours with --workspace.",
        )
    states = progress(file)
    keys = exercises.keys()
    _table(keys, states)
    print(f"{sum(states.get(k) == 'passed' for k in keys)} of {len(keys)} exercises are right.")
    return 0


def _table(keys: list[str], states: dict[str, str]) -> None:
    for key in keys:
        exercise = exercises.find(key)
        task = exercise.task if exercise else ""
        print(f"{key:<6}{MARKS.get(states.get(key, 'not yet'), '?'):<15}{task}")


def _renew(lesson: Path, copy: Path, handed: dict[str, str]) -> str:
    """Hand out one lesson if that loses nothing; say what was done."""
    new = _digest(lesson)
    if not copy.exists():
        _copy(lesson, copy)
        handed[lesson.name] = new
        return f"{lesson.name}: copied"
    if handed.get(lesson.name) == new or _digest(copy) == new:
        handed[lesson.name] = new
        return ""
    if _digest(copy) == handed.get(lesson.name):
        _copy(lesson, copy)
        handed[lesson.name] = new
        return f"{lesson.name}: updated (you had not changed it)"
    beside = copy.with_name(f"{copy.stem}.new.ipynb")
    if beside.exists() and _digest(beside) not in (new, handed.get(beside.name)):
        return f"{lesson.name}: a newer version exists; yours and {beside.name} are kept"
    _copy(lesson, beside)
    handed[beside.name] = handed[lesson.name] = new
    return f"{lesson.name}: yours is kept, the newer version is {beside.name}"


def _copy(source: Path, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.copyfile(source, temporary)
    os.replace(temporary, target)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
