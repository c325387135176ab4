"""The exercises by key, and what a lesson calls."""

import inspect
import json
import os
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from medtutor import language, paths
from medtutor.exercises.engine import Exercise, Report, judge

PROGRESS = "MEDTUTOR_PROGRESS"  # file that keeps a learner's progress; `medtutor lab` sets it
_hints_shown: dict[str, int] = {}  # how many hints of each exercise this session has seen


class Text(str):
    """Text that a notebook shows as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the text itself."""
        return str(self)


def _files() -> dict[str, Path]:
    """Find the files of exercises by the number of their lesson."""
    found = (paths.notebooks() / "exercises").glob("[0-9][0-9].py")
    return {path.stem: path for path in sorted(found)}


@cache
def _lesson(path: Path) -> dict[str, Exercise]:
    """Load a lesson's exercises by key: number of the file, place in the file."""
    asked = [each for each in vars(paths.load(path)).values() if isinstance(each, Exercise)]
    keyed = [f"{path.stem}.{place}" for place in range(1, len(asked) + 1)]
    return {key: _in_words(key, each) for key, each in zip(keyed, asked, strict=True)}


def _in_words(key: str, exercise: Exercise) -> Exercise:
    """Give an exercise its key, and its texts in the reader's language."""
    told = partial(language.taught, key[:2])
    return replace(
        exercise,
        key=key,
        task=told(exercise.task),
        hints=[*map(told, exercise.hints)],
        mistakes=[replace(each, hint=told(each.hint)) for each in exercise.mistakes],
    )


def keys(lesson: str | None = None) -> list[str]:
    """Keys of all exercises, or of one lesson's."""
    chosen = [path for number, path in _files().items() if lesson in (None, number)]
    return [key for path in chosen for key in _lesson(path)]


def find(key: str) -> Exercise | None:
    """Look an exercise up by its key."""
    path = _files().get(str(key).split(".")[0])
    return _lesson(path).get(str(key)) if path else None


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

    Examples
    --------
    >>> def heart_rate(beats, seconds):
    ...     return 60 * beats / seconds
    >>> check("00.1", heart_rate)
    Exercise 00.1: right (3 of 3 cases).
    """
    exercise = find(key)
    if exercise is None:
        return Text(language.say(f"There is no exercise {key}. There are: {', '.join(keys())}."))
    report = judge(exercise, answer)
    _remember(report)
    return report


def hint(key: str) -> Text:
    """Give the next hint of an exercise; the last one is repeated.

    Examples
    --------
    >>> hint("00.1")  # doctest: +ELLIPSIS
    Hint 1 of 2: ...
    """
    exercise = find(key)
    if exercise is None:
        return Text(language.say(f"There is no exercise {key}."))
    number = min(_hints_shown.get(key, 0), len(exercise.hints) - 1)
    _hints_shown[key] = number + 1
    left = len(exercise.hints) - number - 1
    more = f"({left} more: call hint again)" if left else f'(the last one; see solution("{key}"))'
    told = f"Hint {number + 1} of {len(exercise.hints)}: {exercise.hints[number]}"
    return Text(f"{language.say(told)} {language.say(more)}")


def solution(key: str) -> Text:
    """Show the reference answer of an exercise; yours may look different and be just as right.

    Examples
    --------
    >>> solution("00.1")
    def heart_rate(beats, seconds):
        return 60 * beats / seconds
    """
    exercise = find(key)
    if exercise is None:
        return Text(language.say(f"There is no exercise {key}."))
    answer = exercise.reference
    return Text(inspect.getsource(answer).strip() if callable(answer) else repr(answer))


def progress(path: Path) -> dict[str, str]:
    """Read a progress file: key to "passed", "failed" or "not yet"; an unreadable one is empty."""
    try:
        states = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    pairs = states.items() if isinstance(states, dict) else ()
    return {key: state for key, state in pairs if isinstance(state, str)}


def _remember(report: Report) -> None:
    """Keep the best state of an exercise; a learner who tries again loses nothing."""
    target = os.environ.get(PROGRESS)
    if not target:
        return
    states = progress(Path(target))
    rank = ("not yet", "failed", "passed").index
    if report.key in states and rank(states[report.key]) >= rank(report.state):
        return
    with suppress(OSError):  # a read-only folder must not stop the lesson
        text = json.dumps({**states, report.key: report.state}, indent=1)
        paths.write_text(Path(target), text + "\n")
