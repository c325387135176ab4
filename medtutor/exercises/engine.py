"""How an answer is judged."""

import copy
import dis
import inspect
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give, and the hint that helps out of it."""

    answer: Any  # of the same kind as the reference
    hint: str  # what to think about; it does not give the answer away


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson; its key comes from the file that it stands in."""

    task: str  # what is asked, in a line
    reference: Any  # a right answer: a function if there are cases, else the value itself
    mistakes: Sequence[Mistake]  # each must fail, with its own hint
    hints: Sequence[str]  # from gentle to plain; the first also answers an unforeseen mistake
    cases: Callable[[], list[tuple]] | None = None  # the arguments on which a function is tried
    rtol: float = 1e-4  # an answer is not wrong for being rounded in another order
    atol: float = 1e-6
    key: str = ""  # lesson and place, such as "07.1"; the registry writes it


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
    """Judge an answer: verdict, first failing case and a hint; never raises, whatever it does."""
    cases = exercise.cases() if exercise.cases else [()]
    wanted_function = exercise.cases is not None

    def report(state: str, passed: int = 0, *details: str) -> Report:
        return Report(exercise.key, passed, len(cases), state, details)

    if answer is None or answer is Ellipsis:
        return report("not yet")
    if wanted_function and not callable(answer):
        kind = f"{type(answer).__name__} {brief(answer, 40)}"
        wrong = f"A function is asked for; this is {kind}. Hand over its name, without ()."
        return report("failed", 0, wrong)
    got = results(answer, cases, wanted_function)
    if _is_stub(answer) or all(g is Ellipsis for g in got):
        return report("not yet")
    if all(g is None for g in got):
        return report("failed", 0, "Your function returns nothing: is the `return` missing?")
    expected = results(exercise.reference, cases, wanted_function)
    right = [same(g, e, exercise) for g, e in zip(got, expected, strict=True)]
    if all(right):
        return report("passed", len(cases))
    first = right.index(False)
    details = [*_failing(cases[first], expected[first], got[first], exercise)]
    details.append("Hint: " + _fitting_hint(exercise, cases, got))
    return report("failed", sum(right), *details)


def results(answer: Any, cases: list[tuple], is_function: bool) -> list[Any]:
    """Try an answer on every case; an exception becomes a `Raised`, what is unwritten a `...`."""
    if not is_function:
        return [answer]
    collected: list[Any] = []
    for arguments in cases:
        try:
            collected.append(answer(*copy.deepcopy(arguments)))
        except NotImplementedError:
            collected.append(...)
        except (Exception, SystemExit) as error:
            collected.append(Raised(type(error).__name__, str(error)))
    return collected


def _is_stub(answer: Any) -> bool:
    """Tell a function without a body: nothing but a docstring, ``...`` or ``pass``."""
    return inspect.isfunction(answer) and _steps(answer) == _steps(_nothing)


def _steps(function: Any) -> list[tuple[str, Any]]:
    """List what a function does; ``pass`` compiles to a step that does nothing."""
    steps = [(each.opname, each.argval) for each in dis.get_instructions(function)]
    return [each for each in steps if each[0] != "NOP"]


def _nothing() -> None: ...


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


def _fitting_hint(exercise: Exercise, cases: list[tuple], got: list[Any]) -> str:
    """Find the known mistake that behaves as this answer does; else the first general hint."""
    for mistake in exercise.mistakes:
        with np.errstate(all="ignore"):  # a mistake that divides by 0 warns nobody who made another
            theirs = results(mistake.answer, cases, exercise.cases is not None)
        if all(same(g, t, exercise) for g, t in zip(got, theirs, strict=True)):
            return mistake.hint
    return exercise.hints[0]


def _failing(arguments: tuple, expected: Any, got: Any, exercise: Exercise) -> Iterable[str]:
    """Describe the first case that failed."""
    if exercise.cases is not None:
        yield "For the arguments " + ", ".join(brief(a) for a in arguments)
    if isinstance(got, Raised):
        yield f"your code raised {got.kind}: {got.text}"
        return
    if exercise.cases is None:  # the value is what was asked for: naming it would be the solution
        yield f"Not {brief(got)}."
        return
    a, b = _array(got), _array(expected)
    if a.shape != b.shape:
        yield f"a result of shape {b.shape} is expected; yours has shape {a.shape}."
        return
    yield f"expected: {brief(expected)}"
    yield f"yours:    {brief(got)}"
    yield from _place(got, expected, exercise)


def _place(got: Any, expected: Any, exercise: Exercise, part: str = "") -> Iterable[str]:
    """Say where a large array first differs, for its ends may well be alike."""
    a, b = _array(got), _array(expected)
    if a.shape != b.shape or a.ndim == 0:
        return
    place = next((i for i in np.ndindex(b.shape) if not same(a[i], b[i], exercise)), None)
    if place is None:
        return
    if b.dtype == object:  # several arrays: look into the first that differs
        yield from _place(a[place], b[place], exercise, f"{part}[{place[0]}]")
    elif b.size > 8:
        where = f"{part}[{', '.join(map(str, place))}]"
        yield f"first difference at {where}: {brief(b[place])} expected, yours {brief(a[place])}"


def _array(value: Any) -> np.ndarray:
    try:
        return np.asarray(value)
    except ValueError:  # parts of several shapes
        return np.fromiter(value, object)


def brief(value: Any, limit: int = 70) -> str:
    """Write a value in one short line."""
    if limit < 3:
        return "…"
    if isinstance(value, np.generic) and value.dtype.kind in "biufcU":
        value = value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        value = value.tolist()
    if isinstance(value, np.ndarray) and value.size > 8 and value.dtype.kind in "biufc":
        return f"array of shape {value.shape}, {value.ravel()[0]:.4g} … {value.ravel()[-1]:.4g}"
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, separator=", ").replace("\n", " ")
    elif isinstance(value, float):
        text = f"{value:.6g}"
    elif isinstance(value, list | tuple):
        inside = ", ".join(brief(each, limit - 2) for each in value)
        text = f"[{inside}]" if isinstance(value, list) else f"({inside})"
    elif isinstance(value, dict):
        pairs = (f"{brief(k, limit - 2)}: {brief(v, limit - 2)}" for k, v in value.items())
        text = "{" + ", ".join(pairs) + "}"
    elif callable(value):
        text = getattr(value, "__name__", "a function")
    else:
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def source(answer: Any) -> str:
    """Give the source of a reference answer as it would be typed."""
    if not callable(answer):
        return repr(answer)
    return textwrap.dedent(inspect.getsource(answer)).strip()
