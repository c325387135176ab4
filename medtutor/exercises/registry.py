"""The exercises by key, and what a lesson calls."""

import importlib
import json
import os
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

from medtutor import exercises, paths
from medtutor.exercises.engine import Exercise, Report, judge, source

PROGRESS = "MEDTUTOR_PROGRESS"  # file that keeps a learner's progress; `medtutor lab` sets it
_hints_shown: dict[str, int] = {}  # how many hints of each exercise this session has seen


class Text(str):
    """Text that a notebook shows as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the text itself."""
        return str(self)


@cache
def _lesson(number: str) -> tuple[Exercise, ...]:
    try:
        module = importlib.import_module(f"medtutor.exercises.lesson_{number}")
    except ModuleNotFoundError:
        return ()
    return tuple(module.EXERCISES)


def lessons() -> list[str]:
    """Numbers of the lessons that have exercises."""
    names = [m.name for m in pkgutil.iter_modules(exercises.__path__)]
    return sorted(n.removeprefix("lesson_") for n in names if n.startswith("lesson_"))


def keys(lesson: str | None = None) -> list[str]:
    """Keys of all exercises, or of one lesson's."""
    numbers = [lesson] if lesson else lessons()
    return [e.key for number in numbers for e in _lesson(number)]


def find(key: str) -> Exercise | None:
    """Look an exercise up by its key."""
    return next((e for e in _lesson(str(key).split(".")[0].zfill(2)) if e.key == str(key)), None)


def check(key: str, answer: Any) -> Report | Text:
    """Judge your answer to an exercise.

    Parameters
    ----------
    key : str
        Key of the exercise, such as ``"07.1"``.
    answer : callable or value
        Your function (its name, without parentheses) or your value.

    Returns
    -------
    Report
        Not yet, right, or how many cases are right, with the first failing case and a hint that
        fits the mistake. It never raises.
    """
    exercise = find(key)
    if exercise is None:
        return Text(f"There is no exercise {key}. There are: {', '.join(keys())}.")
    report = judge(exercise, answer)
    _remember(report)
    return report


def hint(key: str) -> Text:
    """Give the next hint of an exercise; the last one is repeated.

    Parameters
    ----------
    key : str
        Key of the exercise.

    Returns
    -------
    Text
        The hint.
    """
    exercise = find(key)
    if exercise is None:
        return Text(f"There is no exercise {key}.")
    number = min(_hints_shown.get(key, 0), len(exercise.hints) - 1)
    _hints_shown[key] = number + 1
    left = len(exercise.hints) - number - 1
    more = f" ({left} more: call hint again)" if left else f' (the last one; see solution("{key}"))'
    return Text(f"Hint {number + 1} of {len(exercise.hints)}: {exercise.hints[number]}{more}")


def solution(key: str) -> Text:
    """Show the reference answer of an exercise.

    Parameters
    ----------
    key : str
        Key of the exercise.

    Returns
    -------
    Text
        Its source; yours may look different and be just as right.
    """
    exercise = find(key)
    return Text(source(exercise.reference) if exercise else f"There is no exercise {key}.")


def progress(path: Path) -> dict[str, str]:
    """Read a progress file: key to "passed", "failed" or "not yet"; an unreadable one is empty."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _remember(report: Report) -> None:
    """Keep the best state of an exercise; a learner who tries again loses nothing."""
    target = os.environ.get(PROGRESS)
    if not target:
        return
    path = Path(target)
    states = progress(path)
    if states.get(report.key) == "passed" or states.get(report.key) == report.state:
        return
    try:
        paths.write_text(path, json.dumps({**states, report.key: report.state}, indent=1) + "\n")
    except OSError:  # a read-only folder must not stop the lesson
        return
