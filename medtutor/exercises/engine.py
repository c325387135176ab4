"""How an answer is judged."""

import copy
import inspect
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give, and the hint that helps out of it.

    Parameters
    ----------
    answer : callable or value
        The wrong answer, of the same kind as the reference.
    hint : str
        What to think about; it does not give the answer away.
    """

    answer: Any
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson.

    Parameters
    ----------
    key : str
        Lesson and number, such as ``"07.1"``.
    task : str
        What is asked, in a line.
    reference : callable or value
        A right answer: a function if `cases` is given, else the value itself.
    second : callable or value
        Another right answer, written in another way; the tests keep the checker open to it.
    mistakes : sequence of Mistake
        Known wrong answers; each must fail, with its own hint.
    hints : sequence of str
        General hints from gentle to plain, for `hint` and for a mistake that nobody foresaw.
    cases : callable, optional
        Gives a list of argument tuples on which a function is tried.
    rtol, atol : float
        Tolerances of the comparison; an answer is not wrong for being rounded in another order.
    """

    key: str
    task: str
    reference: Any
    second: Any
    mistakes: Sequence[Mistake]
    hints: Sequence[str]
    cases: Callable[[], list[tuple]] | None = None
    rtol: float = 1e-4
    atol: float = 1e-6


@dataclass(frozen=True)
class Report:
    """What the checker says; shown as plain text."""

    key: str
    passed: int
    total: int
    state: str  # "not yet", "passed" or "failed"
    details: tuple[str, ...] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """Whether the exercise is solved."""
        return self.state == "passed"

    def __repr__(self) -> str:
        """Write the verdict first, then what helps."""
        if self.state == "not yet":
            head = f"Exercise {self.key}: not yet. Replace the ... with your answer."
        elif self.ok:
            head = f"Exercise {self.key}: right ({self.total} of {self.total} cases)."
        else:
            head = f"Exercise {self.key}: {self.passed} of {self.total} cases are right."
        return "\n".join([head, *("  " + d for d in self.details)])


@dataclass(frozen=True)
class Raised:
    """An exception that an answer raised, in place of a result."""

    kind: str
    text: str


def judge(exercise: Exercise, answer: Any) -> Report:
    """Judge an answer; never raises, whatever the answer does.

    Parameters
    ----------
    exercise : Exercise
        What was asked.
    answer : callable or value
        What the learner handed in.

    Returns
    -------
    Report
        Verdict, failing case and a hint.
    """
    cases = exercise.cases() if exercise.cases else [()]
    wanted_function = exercise.cases is not None
    if answer is None or answer is Ellipsis:
        return Report(exercise.key, 0, len(cases), "not yet")
    if wanted_function and not callable(answer):
        return Report(
            exercise.key,
            0,
            len(cases),
            "failed",
            (f"A function is asked for; this is {_kind(answer)}. Hand over its name, without ().",),
        )
    got = results(answer, cases, wanted_function)
    if all(_unwritten(g) for g in got):
        return Report(exercise.key, 0, len(cases), "not yet")
    expected = results(exercise.reference, cases, wanted_function)
    right = [same(g, e, exercise) for g, e in zip(got, expected, strict=True)]
    if all(right):
        return Report(exercise.key, len(cases), len(cases), "passed")
    first = right.index(False)
    details = [*_failing(cases[first], expected[first], got[first], wanted_function)]
    details.append("Hint: " + _fitting_hint(exercise, cases, got, wanted_function))
    return Report(exercise.key, sum(right), len(cases), "failed", tuple(details))


def results(answer: Any, cases: list[tuple], is_function: bool) -> list[Any]:
    """Try an answer on every case; an exception becomes a `Raised`."""
    if not is_function:
        return [answer]
    collected: list[Any] = []
    for arguments in cases:
        try:
            collected.append(answer(*copy.deepcopy(arguments)))
        except NotImplementedError:
            collected.append(None)
        except Exception as error:
            collected.append(Raised(type(error).__name__, str(error)))
    return collected


def same(got: Any, expected: Any, exercise: Exercise) -> bool:
    """Compare two results by meaning: arrays by shape and closeness, words without case."""
    if isinstance(got, Raised) or isinstance(expected, Raised):
        return (
            isinstance(got, Raised) and isinstance(expected, Raised) and got.kind == expected.kind
        )
    if isinstance(expected, str) or isinstance(got, str):
        return str(got).strip().lower() == str(expected).strip().lower()
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and got.keys() == expected.keys()
            and all(same(got[k], expected[k], exercise) for k in expected)
        )
    if isinstance(expected, list | tuple) and not _numeric(expected):
        return (
            isinstance(got, list | tuple)
            and len(got) == len(expected)
            and all(same(g, e, exercise) for g, e in zip(got, expected, strict=True))
        )
    if expected is None or got is None:
        return expected is got
    return _close(got, expected, exercise)


def _close(got: Any, expected: Any, exercise: Exercise) -> bool:
    """Compare numbers and arrays."""
    try:
        a, b = np.asarray(got), np.asarray(expected)
        if a.shape != b.shape:
            return False
        if b.dtype.kind in "OUS" or a.dtype.kind in "OUS":
            return bool(np.array_equal(a.astype(str), b.astype(str)))
        return bool(np.allclose(a, b, rtol=exercise.rtol, atol=exercise.atol, equal_nan=True))
    except (TypeError, ValueError):
        return False


def _numeric(value: Any) -> bool:
    """Tell a list of numbers, which is as good as an array, from a list of other things."""
    try:
        return np.asarray(value).dtype.kind in "biufc"
    except ValueError:
        return False


def _unwritten(result: Any) -> bool:
    return result is None or result is Ellipsis


def _fitting_hint(exercise: Exercise, cases: list[tuple], got: list[Any], is_function: bool) -> str:
    """Find the known mistake that behaves as this answer does; else the first general hint."""
    for mistake in exercise.mistakes:
        theirs = results(mistake.answer, cases, is_function)
        if all(same(g, t, exercise) for g, t in zip(got, theirs, strict=True)):
            return mistake.hint
    return exercise.hints[0]


def _failing(arguments: tuple, expected: Any, got: Any, is_function: bool) -> Iterable[str]:
    """Describe the first case that failed."""
    if is_function:
        yield "For the arguments " + ", ".join(brief(a) for a in arguments)
    if isinstance(got, Raised):
        yield f"your code raised {got.kind}: {got.text}"
        return
    if not is_function:  # the value is what was asked for: naming it would be the solution
        yield f"Not {brief(got)}."
        return
    a, b = np.shape(_array(got)), np.shape(_array(expected))
    if a != b:
        yield f"a result of shape {b} is expected; yours has shape {a}."
    else:
        yield f"expected: {brief(expected)}"
        yield f"yours:    {brief(got)}"


def _array(value: Any) -> Any:
    try:
        return np.asarray(value)
    except ValueError:
        return np.empty(len(value))


def brief(value: Any, limit: int = 70) -> str:
    """Write a value in one short line."""
    if isinstance(value, np.ndarray) and value.size > 8 and value.dtype.kind in "biufc":
        return f"array of shape {value.shape}, {value.ravel()[0]:.4g} … {value.ravel()[-1]:.4g}"
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, separator=", ").replace("\n", " ")
    elif isinstance(value, float | np.floating):
        text = f"{value:.6g}"
    elif callable(value):
        text = getattr(value, "__name__", "a function")
    else:
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _kind(value: Any) -> str:
    return f"{type(value).__name__} {brief(value, 40)}"


def source(answer: Any) -> str:
    """Give the source of a reference answer as it would be typed."""
    if not callable(answer):
        return repr(answer)
    return textwrap.dedent(inspect.getsource(answer)).strip()
