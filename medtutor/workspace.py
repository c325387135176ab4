"""A learner's own copy of the lessons, which nothing overwrites.

`medtutor lab` copies the lessons to a workspace and serves that. When the course is updated, a copy
that the learner has not touched is renewed; one that was touched stays as it is, and the new lesson
is put beside it. What was handed out is remembered by its checksum.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

from medtutor import paths
from medtutor.errors import DataError

STATE = ".medtutor"


def progress_file(folder: Path | None = None) -> Path:
    """File that keeps which exercises are solved."""
    return (folder or paths.workspace()) / STATE / "progress.json"


def refresh(folder: Path | None = None) -> tuple[Path, list[str]]:
    """Bring the workspace up to date without losing anything.

    Parameters
    ----------
    folder : Path, optional
        The workspace; the usual one when not given.

    Returns
    -------
    folder : Path
        The workspace.
    messages : list of str
        What was done, a line for each lesson that changed.

    Raises
    ------
    DataError
        If the folder cannot be written.
    """
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
