"""A learner's own copy of the lessons, which nothing overwrites, and how far the learner is.

`medtutor lab` copies the lessons to a workspace and serves that. When the course is updated, a copy
that the learner has not touched is renewed; one that was touched stays as it is, and the new lesson
is put beside it. What was handed out is remembered by its checksum. When lessons get other numbers,
copies and progress follow. Copies in Chinese stand in a folder of their own; progress is shared.
"""

import hashlib
import json
import os
import re
import tempfile
from pathlib import Path

from medtutor import exercises, language, paths, runner
from medtutor.errors import DataError
from medtutor.exercises.registry import PROGRESS, progress
from medtutor.language import padded, say

STATE = ".medtutor"
BEFORE = "before the new numbers"  # folder of edited copies as they were
ORDER = {"order": "24 lessons"}  # marks progress that is kept by the numbers of today
RENUMBERED = {
    "13": "14", "14": "15", "15": "18", "16": "19", "17": "20", "18": "21", "19": "22", "20": "23",
}  # fmt: skip
MOVED = {"14.6": "16.2", "14.7": "16.7"}  # exercises that went to another lesson than theirs
LAB = "Copy the lessons with `medtutor lab`, or name the folder of yours with --workspace."


def progress_file(folder: Path | None = None) -> Path:
    """File that keeps which exercises are solved."""
    return (folder or paths.workspace()) / STATE / "progress.json"


def copies(folder: Path | None = None) -> Path:
    """Folder of the copies in the reader's language."""
    spoken = language.in_use()
    return (folder or paths.workspace()) / ("" if spoken == language.ENGLISH else spoken[:2])


def refresh(folder: Path | None = None) -> tuple[Path, list[str]]:
    """Bring the copies up to date without losing anything; give their folder and what was done."""
    folder = folder or paths.workspace()
    record = folder / STATE / "handed-out.json"
    try:
        (folder / STATE).mkdir(parents=True, exist_ok=True)
        handed = progress(record)  # empty if it is damaged: every copy counts as the learner's own
        messages = _renumber(folder, handed)
        for lesson in runner.all_lessons():
            content = language.notebook(lesson, language.in_use())
            said = _renew(content, copies(folder) / lesson.name, folder, handed)
            messages += [said] if said else []
        paths.write_text(record, json.dumps(handed, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        raise DataError(
            f"the workspace cannot be written ({error.strerror})",
            path=folder,
            remedy="Choose another folder with --workspace.",
        ) from None
    return copies(folder), messages


def check_copy(number: str, folder: Path | None = None) -> int:
    """Run the learner's copy of a lesson, unchanged, and judge it; 0 if every exercise is right."""
    lesson = runner.lesson_path(number)
    copy = copies(folder) / lesson.name
    if not copy.is_file():
        raise DataError("there is no copy of this lesson", copy, LAB)
    with tempfile.TemporaryDirectory() as temporary:
        states = Path(temporary) / "progress.json"
        outcome = runner.execute(copy, Path(temporary), {PROGRESS: str(states)})
        found = progress(states)
    if outcome.error:
        print(say(outcome.error))
    keys = exercises.keys(lesson.name[:2])
    _table(keys, found)
    return 0 if not outcome.error and all(found.get(k) == "passed" for k in keys) else 1


def show_progress(folder: Path | None = None) -> int:
    """Show every exercise and whether it is solved."""
    file = progress_file(folder)
    if not file.parent.is_dir():
        raise DataError("there are no copies of the lessons here", file.parent.parent, LAB)
    states = kept_progress(file)
    keys = exercises.keys()
    _table(keys, states)
    right = sum(states.get(key) == "passed" for key in keys)
    print(say(f"{right} of {len(keys)} exercises are right."))
    return 0


def reset(number: str, folder: Path | None = None) -> str:
    """Put the original lesson in the place of the learner's copy, which is kept beside it."""
    folder, lesson = folder or paths.workspace(), runner.lesson_path(number)
    copy, record = copies(folder) / lesson.name, folder / STATE / "handed-out.json"
    original = language.notebook(lesson, language.in_use())
    if not copy.is_file():
        raise DataError("there is no copy of this lesson", copy, LAB)
    if copy.read_bytes() == original:
        return say(f"{copy.name} is as it was handed out.")
    kept, times = copy.with_suffix(".mine.ipynb"), 1
    while kept.exists():
        times += 1
        kept = copy.with_name(f"{copy.stem}.mine-{times}.ipynb")
    try:
        paths.write_bytes(kept, copy.read_bytes())
        paths.write_bytes(copy, original)
        handed = progress(record) | {copy.relative_to(folder).as_posix(): _digest(original)}
        paths.write_text(record, json.dumps(handed, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        raise DataError(f"cannot be written ({error.strerror})", path=folder) from None
    return say(f"{copy.name} is the original again; yours is {kept.name}. Your progress stays.")


def _table(keys: list[str], states: dict[str, str]) -> None:
    marks = {
        "passed": say("right"),
        "failed": say("not right yet"),
        "not yet": say("not yet tried"),
    }
    for key in keys:
        exercise = exercises.find(key)
        task = exercise.task if exercise else ""
        mark = marks.get(states.get(key, "not yet"), "?")
        print(f"{key:<6}{padded(mark, 15)}{task}")


def kept_progress(file: Path) -> dict[str, str]:
    """Read progress by the numbers of today, also if the course of 21 lessons kept it."""
    states = progress(file)
    if ORDER.items() <= states.items():
        return states
    return ORDER | {_new_key(key): state for key, state in states.items()}


def _renumber(folder: Path, handed: dict[str, str]) -> list[str]:
    """Let copies and progress of the course of 21 lessons follow the new numbers; lose nothing."""
    file, messages = progress_file(folder), []
    if file.is_file() and not progress(file):  # damaged: nothing can be read, and nothing is lost
        os.replace(file, file.with_suffix(".unreadable"))
    if kept_progress(file) != progress(file):
        paths.write_text(file, json.dumps(kept_progress(file), indent=1) + "\n")
    for old, new in RENUMBERED.items():
        for lesson in paths.notebooks().glob(f"{new}_*.ipynb"):
            copy, renamed = folder / (old + lesson.name[2:]), folder / lesson.name
            if copy.is_file() and not renamed.exists():
                _rename(copy, renamed, touched=_digest(copy.read_bytes()) != handed.get(copy.name))
                handed[renamed.name] = handed.pop(copy.name, "")
                messages.append(f"{copy.name}: is {renamed.name} now")
    return messages


def _rename(copy: Path, renamed: Path, touched: bool) -> None:
    """Give a copy its new name; in an edited one the numbers of lessons and exercises follow."""
    if not touched:
        os.replace(copy, renamed)
        return
    text = copy.read_bytes().decode("utf-8", "surrogateescape")
    text = re.sub(
        r"""\b((?:check|hint|solution|begin|figures)\(\\?["'])(\d\d(?:\.\d+)?)(?=\\?["'])""",
        lambda call: call[1] + _new_key(call[2]),
        text,
    )
    for lesson in paths.notebooks().glob("[0-9][0-9]_*.ipynb"):
        old = next((a for a, b in RENUMBERED.items() if b == lesson.name[:2]), lesson.name[:2])
        text = text.replace(old + lesson.name[2:], lesson.name)
    paths.write_bytes(renamed, text.encode("utf-8", "surrogateescape"))
    kept = copy.parent / STATE / BEFORE / copy.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    os.replace(copy, kept)


def _new_key(key: str) -> str:
    """Key of an exercise, or number of a lesson, in the new order."""
    number, point, place = key.partition(".")
    return MOVED.get(key, RENUMBERED.get(number, number) + point + place)


def _renew(new: bytes, copy: Path, folder: Path, handed: dict[str, str]) -> str:
    """Hand out one lesson if that loses nothing; say what was done."""
    name, digest = copy.relative_to(folder).as_posix(), _digest(new)
    if not copy.exists():
        paths.write_bytes(copy, new)
        handed[name] = digest
        return f"{name}: copied"
    own = _digest(copy.read_bytes())
    if digest in (handed.get(name), own):
        handed[name] = digest
        return ""
    if own == handed.get(name):
        paths.write_bytes(copy, new)
        handed[name] = digest
        return f"{name}: updated (you had not changed it)"
    beside = copy.with_name(f"{copy.stem}.new.ipynb")
    kept = beside.relative_to(folder).as_posix()
    if beside.exists() and _digest(beside.read_bytes()) not in (digest, handed.get(kept)):
        return f"{name}: a newer version exists; yours and {beside.name} are kept"
    paths.write_bytes(beside, new)
    handed[kept] = handed[name] = digest
    return f"{name}: yours is kept, the newer version is {beside.name}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
