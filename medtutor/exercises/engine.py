"""How an answer is judged."""

import copy
import ctypes
import dis
import inspect
import io
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from itertools import repeat
from traceback import format_exception_only
from typing import Any

import numpy as np

from medtutor.language import say

SECONDS = 10.0  # for all cases of an exercise together; the references need milliseconds


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
    rtol: float = 1e-4  # nobody is wrong for rounding in another order; counts are exact
    atol: float = 1e-6
    dtype: str = ""  # type of the numbers, where the task asks for one
    key: str = ""  # lesson and place, such as "07.1"; the registry writes it


@dataclass(frozen=True)
class Report:
    """What the checker says; shown as plain text."""

    key: str
    passed: int
    total: int
    state: str  # "not yet", "passed" or "failed"
    details: tuple[str, ...] = ()

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
        return "\n".join([say(head), *("  " + say(d) for d in self.details)])


@dataclass(frozen=True)
class Raised:
    """What became of a call that has no result."""

    kind: str
    text: str = field(compare=False)


class TimeUp(SystemExit):
    """Ends an answer that goes on too long; a thread that dies of a `SystemExit` is silent."""


def judge(exercise: Exercise, answer: Any) -> Report:
    """Judge an answer: verdict, first failing case and a hint; never raises, whatever it does."""
    with suppress(Exception, SystemExit):
        return _judge(exercise, answer)
    return Report(exercise.key, 0, 1, "failed", ("Your result cannot be looked at.",))


def _judge(exercise: Exercise, answer: Any) -> Report:
    cases = exercise.cases() if exercise.cases else [()]
    wanted_function = exercise.cases is not None

    def report(state: str, passed: int = 0, *details: str) -> Report:
        return Report(exercise.key, passed, len(cases), state, details)

    if answer is None or answer is Ellipsis:
        return report("not yet")
    if wanted_function and not callable(answer):
        kind = f"{type(answer).__name__} {brief(answer, 40)}"
        return report("failed", 0, f"A function is asked for; this is {kind}. Leave out the ().")
    got = results(answer, cases, wanted_function)
    if _is_stub(answer) or all(g is Ellipsis for g in got):
        return report("not yet")
    if all(g is None for g in got):
        return report("failed", 0, "Your function returns nothing: is the `return` missing?")
    expected = results(exercise.reference, cases, wanted_function)
    wrong = [difference(g, e, exercise) for g, e in zip(got, expected, strict=True)]
    first = next((k for k, lines in enumerate(wrong) if lines), None)
    if first is None:
        return report("passed", len(cases))
    tried = [f"For the arguments {', '.join(map(brief, cases[first]))}"] if wanted_function else []
    hint = f"Hint: {_fitting_hint(exercise, cases, got)}"
    return report("failed", wrong.count([]), *tried, *wrong[first], hint)


def results(answer: Any, cases: list[tuple], is_function: bool) -> list[Any]:
    """Try an answer on every case; an exception becomes a `Raised`, what is unwritten a `...`.

    The calls run in a thread of their own. That works on every system and wherever a cell runs; a
    `KeyboardInterrupt` of the answer is not taken for the learner's, and the kernel lives on: when
    the time is up an exception is sent into the thread, and one that catches even that is left
    behind. (A signal would do only in the main thread of a POSIX system.) Compiled code that never
    gives the interpreter back, such as ``sum(itertools.count())``, is beyond both.
    """
    if not is_function:
        return [answer]
    done: list[Any] = []

    def work() -> None:
        with suppress(TimeUp):
            done.extend(_attempt(answer, arguments) for arguments in cases)

    thread = threading.Thread(target=work, daemon=True)
    with warnings.catch_warnings(), redirect_stdout(_Beginning(sys.stdout)):
        warnings.simplefilter("ignore")  # made errors, they would fail an answer that is right
        thread.start()
        try:
            thread.join(SECONDS)
        finally:
            _stop(thread)
    late = Raised("", f"was stopped after {SECONDS:g} seconds: does a loop never come to its end?")
    return [*done, *[late] * len(cases)][: len(cases)]


def _attempt(answer: Any, arguments: tuple) -> Any:
    """Call an answer once, on copies that share nothing, and keep what it gives as it is now."""
    try:
        result = answer(*[copy.deepcopy(each) for each in arguments])
        with suppress(Exception):  # not everything can be copied
            result = copy.deepcopy(result)
        return result
    except TimeUp:
        raise
    except NotImplementedError:
        return ...
    except BaseException as error:
        with np.printoptions(legacy="1.25"):
            words = format_exception_only(error)[-1].removeprefix(f"{type(error).__module__}.")
        return Raised(type(error).__name__, f"raised {words.strip()[:300]}")


def _stop(thread: threading.Thread) -> None:
    """Ask a thread to end, for a second."""
    for _ in range(20):
        if thread.is_alive() and thread.ident is not None:
            to, what = ctypes.c_ulong(thread.ident), ctypes.py_object(TimeUp)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(to, what)
            thread.join(0.05)


class _Beginning(io.TextIOBase):
    """Passes on the beginning of what an answer prints: a loop can print for ever."""

    def __init__(self, out: Any, left: int = 2000) -> None:
        self.out, self.left = out, left

    def write(self, text: str) -> int:
        """Write as much as there is room for."""
        if self.left > 0:
            self.out.write(text if len(text) <= self.left else text[: self.left] + " …\n")
            self.left -= len(text)
        return len(text)


def _is_stub(answer: Any) -> bool:
    """Tell a function without a body: nothing but a docstring, ``...`` or ``pass``."""

    def steps(function: Any) -> list[tuple[str, Any]]:
        found = [(each.opname, each.argval) for each in dis.get_instructions(function)]
        return [each for each in found if each[0] != "NOP"]  # `pass`

    named = inspect.isfunction(answer) and answer.__name__ != "<lambda>"
    return named and steps(answer) == steps(lambda: None)


def difference(got: Any, expected: Any, exercise: Exercise, at: str = "") -> list[str]:
    """Say where a result first differs by meaning (numbers by value, words exactly), or nothing."""
    here, kind = f" at {at}" if at else "", type(got).__name__
    if isinstance(got, Raised) or isinstance(expected, Raised):
        alike = type(got) is type(expected) and got == expected
        return [] if alike else [f"your code {getattr(got, 'text', '')}"]
    if expected is None or got is None:
        nothing = "your function returns nothing here: does every way through it end in a `return`?"
        return [] if got is expected else [nothing]
    if isinstance(got, Iterator):
        return ["your function makes an iterator; write its values out: list(...)."]
    if isinstance(expected, str):
        if not isinstance(got, str):
            return [f"text is expected{here}; yours is a {kind}."]
        typed = exercise.cases is None and got.strip().lower() == expected.lower()
        return [] if typed or got == expected else _two(got, expected, exercise, at)
    if isinstance(expected, tuple) or (_array(expected).dtype.kind not in "biufc"):
        got = list(got) if isinstance(got, np.ndarray) and got.ndim else got
        if not isinstance(got, list | tuple) or len(got) != len(expected):
            yours = f"has {len(got)}" if isinstance(got, list | tuple) else f"is a {kind}"
            return [f"a list of {len(expected)} values is expected{here}; yours {yours}."]
        parts = enumerate(zip(got, expected, strict=True))
        found = (difference(g, e, exercise, f"{at}[{k}]") for k, (g, e) in parts)
        return next((lines for lines in found if lines), [])
    a, b = _array(got), _array(expected)
    if a.dtype.kind not in "biufc":
        yours = "text: leave the quotes out" if isinstance(got, str) else f"a {kind}"
        return [f"numbers are expected{here}; yours is {yours}."]
    if a.shape != b.shape:
        return [f"a result of shape {b.shape} is expected{here}; yours has shape {a.shape}."]
    whole = b.dtype.kind in "biu"  # a count is right or wrong
    rtol = 0 if whole else exercise.rtol
    close = np.isclose(a, b, rtol=rtol, atol=exercise.atol, equal_nan=True)
    if whole and a.dtype.kind in "biu":
        close = np.equal(a, b)
    if np.all(close):
        if exercise.dtype in ("", a.dtype.name):
            return []
        asked = f"{exercise.dtype} is asked for, not {a.dtype.name}"
        return [f"The numbers are right, their type is not: {asked}."]
    where = np.unravel_index(int(np.argmin(close)), b.shape)
    index = f"[{', '.join(map(str, where))}]" if where else ""
    return _two(a[where], b[where], exercise, at + index)


def _two(got: Any, expected: Any, exercise: Exercise, at: str) -> list[str]:
    """Set two values side by side, in as many digits as it takes to tell them apart."""
    if exercise.cases is None:  # the value is what was asked for: naming it would be the solution
        return [f"Not {brief(got)}{at and f' at {at}'}."]
    for digits, limit in ((6, 70), (10, 70), (17, 300)):
        right, yours = brief(expected, limit, digits), brief(got, limit, digits)
        if right != yours:
            break
    if at:
        return [f"first difference at {at}: {right} expected, yours {yours}"]
    return [f"expected: {right}", f"yours:    {yours}"]


def _array(value: Any) -> np.ndarray:
    """Make an array, of floats if there are fractions; of an object if there are no numbers."""
    try:
        array = np.asarray(value)
        return array.astype(float) if array.dtype.kind == "O" or not array.size else array
    except (TypeError, ValueError):
        return np.array(None)


def _fitting_hint(exercise: Exercise, cases: list[tuple], got: list[Any]) -> str:
    """Find the known mistake that behaves as this answer does; else the first general hint."""
    untyped = replace(exercise, dtype="")
    for mistake in exercise.mistakes:
        theirs = results(mistake.answer, cases, exercise.cases is not None)
        # Of two that only raise, one may have another fault altogether.
        if not all(isinstance(t, Raised) for t in theirs) and not any(
            map(difference, got, theirs, repeat(untyped))
        ):
            return mistake.hint
    return exercise.hints[0]


def brief(value: Any, limit: int = 70, digits: int = 6) -> str:
    """Write a value in one short line."""
    if isinstance(value, np.ndarray) and value.size > 8 and value.dtype.kind in "biufc":
        return f"array of shape {value.shape}, {value.ravel()[0]:.4g} … {value.ravel()[-1]:.4g}"
    if isinstance(value, list | tuple):
        parts = (brief(each, limit - 2, digits) for each in value[:limit])
        inside = ", ".join(parts) if limit > 2 else "…"
        text = f"[{inside}]" if isinstance(value, list) else f"({inside})"
    elif isinstance(value, np.ndarray):
        text = brief(value.tolist(), limit, digits)
    elif isinstance(value, float):
        text = f"{value:.{digits}g}"
    elif callable(value):
        text = getattr(value, "__name__", "a function")
    else:
        with np.printoptions(legacy="1.25"):  # without np.float64(...) around a number
            text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
