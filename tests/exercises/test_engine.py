import sys
import threading
import time
import warnings
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor import exercises
from medtutor.exercises import engine, registry
from medtutor.exercises.engine import Exercise, Mistake, brief, difference, judge


def mean(x):
    return x.mean(axis=0)


def mean_again(x):
    return [sum(column) / len(column) for column in x.T]


def over_rows(x):
    return x.mean(axis=1)


def total(x):
    return x.sum(axis=0)


EXERCISE = Exercise(
    task="mean of each column",
    reference=mean,
    mistakes=(Mistake(over_rows, "which axis?"), Mistake(total, "divide by the number of rows")),
    hints=("think of the axis", "x.mean(axis=0)"),
    cases=lambda: [(np.arange(6.0).reshape(2, 3),), (np.eye(3) * 4,)],
)
VALUE = Exercise("how many?", 3, (Mistake(4, "off by one"),), ("count",))


def test_right_answers_written_in_any_way_are_right():
    for answer in (mean, mean_again, lambda x: x.mean(0).astype("float32")):
        report = judge(EXERCISE, answer)
        assert report.ok
        assert "right (2 of 2 cases)" in repr(report)


def dots(x): ...


def words_only(x):
    """Write this."""


def passing(x):
    """Write this."""
    pass


def raising(x):
    raise NotImplementedError("write this")


def filled_later(x):
    y = ...
    return y


STUBS = [None, ..., dots, words_only, passing, raising, filled_later, lambda x: ...]


@pytest.mark.parametrize("answer", STUBS)
def test_an_untouched_stub_is_not_yet(answer):
    assert judge(EXERCISE, answer).state == "not yet"


def test_a_forgotten_return_is_named():
    def no_return(x):
        x.mean(axis=0)

    report = judge(EXERCISE, no_return)
    assert report.state == "failed"
    assert "Your function returns nothing: is the `return` missing?" in repr(report)
    assert "not yet" not in repr(report)


def test_a_known_mistake_gets_its_own_hint():
    assert "which axis?" in repr(judge(EXERCISE, over_rows))
    assert "divide by" in repr(judge(EXERCISE, lambda x: 1.0 * x.sum(0)))


def test_the_shape_is_named_when_it_is_wrong():
    assert "shape (3,) is expected; yours has shape (2,)" in repr(judge(EXERCISE, over_rows))


@pytest.mark.parametrize(
    "answer", [lambda x: np.zeros(3), lambda x: x, lambda x: "mean", 7, "text"]
)
def test_nonsense_is_not_accepted_and_does_not_raise(answer):
    report = judge(EXERCISE, answer)
    assert report.state == "failed"
    assert len(repr(report)) < 600


def test_an_exception_is_reported_and_not_raised():
    report = judge(EXERCISE, lambda x: 1 / 0)
    assert "ZeroDivisionError" in repr(report)
    report = judge(EXERCISE, lambda: 1)
    assert "TypeError" in repr(report)
    report = judge(EXERCISE, lambda x: sys.exit("enough"))
    assert "your code raised SystemExit: enough" in repr(report)


def test_an_answer_cannot_spoil_the_cases():
    def spoiler(x):
        x[:] = 0
        return x.mean(axis=0)

    assert judge(EXERCISE, spoiler).state == "failed"
    assert judge(EXERCISE, mean).ok


def test_values_are_compared_as_numbers_and_never_given_away():
    assert judge(VALUE, 3.0000001).ok
    assert judge(VALUE, np.int64(3)).ok
    report = judge(VALUE, 4)
    assert "off by one" in repr(report)
    assert "3" not in repr(report)


def test_words_are_compared_without_case():
    exercise = Exercise("which?", "b", (Mistake("a", "no"),), ("look",))
    assert judge(exercise, " B ").ok
    assert not judge(exercise, "a").ok


def spoil(x, place, value):
    y = 1.0 * x
    y[place] = value
    return y


def test_the_first_place_that_differs_is_named_in_a_large_array():
    exercise = Exercise("copy", np.copy, (), ("look",), cases=lambda: [(np.ones((4, 5)),)])
    report = judge(exercise, lambda x: spoil(x, (2, 3), 3.28125))
    assert "first difference at [2, 3]: 1 expected, yours 3.28125" in repr(report)


def test_the_place_is_named_in_one_of_several_arrays():
    def both(x):
        return x.sum(axis=0), x

    exercise = Exercise("both", both, (), ("look",), cases=lambda: [(np.ones((4, 5)),)])
    report = judge(exercise, lambda x: (x.sum(axis=0), spoil(x, (0, 1), np.nan)))
    assert "first difference at [1][0, 1]: 1 expected, yours nan" in repr(report)
    wrong_shape = repr(judge(exercise, lambda x: (x, x)))
    assert "shape (5,) is expected at [0]; yours has shape (4, 5)" in wrong_shape


@pytest.mark.parametrize("off", [1e-4, 1e-9, 1e-14])
def test_what_is_expected_never_reads_like_what_came(off):
    cases = [(3.14159265,)]
    number = Exercise("pi", lambda x: x, (), ("look",), lambda: cases, rtol=1e-15, atol=0)
    lines = repr(judge(number, lambda x: x + off)).splitlines()
    right, yours = (line.split(":")[1].strip() for line in lines[2:4])
    assert right != yours


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(3.28), "3.28"),
        ((np.float64(3.28), np.int64(2)), "(3.28, 2)"),
        ([np.bool_(True), np.float32(0.5)], "[True, 0.5]"),
        ({"mae": np.float64(3.28)}, "{'mae': 3.28}"),
        (np.array([np.float64(3.28), None]), "[3.28, None]"),
        ((np.zeros(20), np.ones(2)), "(array of shape (20,), 0 … 0, [1, 1])"),
    ],
)
def test_numbers_are_written_as_one_would_write_them(value, text):
    assert brief(value) == text


def test_brief_is_one_short_line():
    assert brief(np.zeros((40, 40))) == "array of shape (40, 40), 0 … 0"
    assert "\n" not in brief(np.eye(2))
    assert len(brief("x" * 500)) <= 70
    endless = []
    endless.append(endless)
    assert len(brief(endless)) <= 70


def test_long_arrays_of_words_or_objects_are_described_and_do_not_raise():
    for value in (np.array(["P1"] * 20), np.array([None] * 20), np.zeros(20, bool)):
        assert len(brief(value)) <= 70
    exercise = Exercise(
        task="who?",
        reference=lambda names: names[:1],
        mistakes=(Mistake(lambda names: names[::-1], "which end?"),),
        hints=("look",),
        cases=lambda: [(np.array([f"P{k}" for k in range(20)]),)],
    )
    assert judge(exercise, lambda names: names).state == "failed"


def endless(x):
    while True:
        x = x + 1


def endless_and_deaf(x):
    while True:
        try:
            x = x + 1
        except BaseException:
            continue


def asleep(x):
    while True:
        time.sleep(0.01)


@pytest.mark.parametrize("answer", [endless, endless_and_deaf, asleep])
@pytest.mark.parametrize("in_thread", [False, True])
def test_an_endless_answer_is_stopped(answer, in_thread, monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.3)
    threads, reports, start = threading.active_count(), [], time.monotonic()
    if in_thread:
        thread = threading.Thread(target=lambda: reports.append(judge(EXERCISE, answer)))
        thread.start()
        thread.join()
    else:
        reports.append(judge(EXERCISE, answer))
    text = repr(reports[0])
    assert "your code was stopped after 0.3 seconds: does a loop never come to its end?" in text
    assert time.monotonic() - start < 10
    assert threading.active_count() == threads
    assert judge(EXERCISE, mean).ok


def endless_recursion(x):
    return endless_recursion(x)


def thrower(error):
    def answer(x):
        raise error

    return answer


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (thrower(SystemExit(3)), "SystemExit: 3"),
        (thrower(KeyboardInterrupt()), "KeyboardInterrupt"),
        (thrower(GeneratorExit()), "GeneratorExit"),
        (thrower(KeyError(np.float64(3.28))), "KeyError: 3.28"),
        (thrower(Speechless()), "Speechless"),
        (endless_recursion, "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_nothing_escapes(answer, named):
    report = judge(EXERCISE, answer)
    assert report.state == "failed"
    assert f"your code raised {named}" in repr(report)


class Spiteful:
    def __array__(self, *_, **__):
        raise SystemExit

    def __repr__(self):
        raise ValueError


def test_a_result_that_cannot_be_looked_at_is_wrong():
    assert judge(EXERCISE, lambda x: Spiteful()).state == "failed"
    assert judge(VALUE, Spiteful()).state == "failed"


def test_warnings_made_errors_do_not_fail_an_answer():
    exercise = Exercise("log", np.log, (), ("look",), cases=lambda: [(np.array([0.0, 1.0]),)])
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert judge(exercise, lambda x: np.log(x)).ok


def test_much_output_is_cut_short(capsys):
    def talker(x):
        for k in range(100_000):
            print(k)
        return x.mean(axis=0)

    assert judge(EXERCISE, talker).ok
    shown = capsys.readouterr().out
    assert shown.startswith("0\n1\n")
    assert len(shown) < 2100


def test_a_generator_is_named():
    def one_by_one(x):
        yield from x.mean(axis=0)

    assert "makes an iterator; write its values out: list(...)" in repr(judge(EXERCISE, one_by_one))
    assert "makes an iterator" in repr(judge(exercises.find("04.5"), lambda *_: iter(())))


def test_a_way_without_return_is_named():
    def sometimes(x):
        if len(x) == 2:
            return x.mean(axis=0)

    assert "returns nothing here" in repr(judge(EXERCISE, sometimes))
    assert "returns nothing: is the `return` missing" in repr(judge(EXERCISE, lambda x: None))


def test_arguments_share_nothing_with_each_other_or_with_the_next_call():
    zeros = np.zeros(3)
    one_array_twice = Exercise(
        "add", lambda a, b: a + 1 + b, (), ("look",), cases=lambda: [(zeros, zeros)] * 2
    )

    def in_place(a, b):
        a += 1
        a += b
        return a

    assert judge(one_array_twice, in_place).ok
    assert not zeros.any()


def test_one_array_that_is_filled_anew_at_each_call_is_right():
    room = np.zeros(3)

    def fill(x):
        room[: x.shape[1]] = x.mean(axis=0)
        return room

    assert judge(EXERCISE, fill).ok


def test_counts_are_exact_and_types_are_held_where_the_task_asks_for_them():
    count = Exercise("how many?", 18_106, (), ("count",))
    assert judge(count, 18_106.0).ok
    assert not judge(count, 18_107).ok
    assert not judge(count, "18106").ok
    assert "leave the quotes out" in repr(judge(count, "18106"))
    assert judge(Exercise("share", 0.992, (), ("think",)), Fraction(992, 1000)).ok
    cases = [(np.array([[1, 2]], np.uint8),)]
    typed = Exercise("type", np.float32, (), ("look",), cases=lambda: cases, dtype="float32")
    assert judge(typed, lambda x: x.astype("f4")).ok
    assert "float32 is asked for, not float64" in repr(judge(typed, lambda x: x * 1.0))


def test_words_of_a_function_are_exact_and_may_come_in_an_array():
    exercise = Exercise("who", lambda p: sorted(set(p)), (), ("look",), cases=lambda: [("bab",)])
    assert judge(exercise, lambda p: np.unique(list(p))).ok
    assert "at [0]: 'a' expected, yours 'A'" in repr(judge(exercise, lambda p: ["A", "b"]))
    assert "text is expected at [0]" in repr(judge(exercise, lambda p: [1, 2]))
    assert "a list of 2 values is expected; yours has 3" in repr(judge(exercise, list))


def test_a_hint_is_not_given_for_an_exception_alone():
    def broken(x):
        raise ValueError("another fault")

    exercise = Exercise("mean", mean, (Mistake(broken, "wrong"),), ("think",), EXERCISE.cases)
    assert "Hint: think" in repr(judge(exercise, broken))


def adam_of_the_lesson(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m *= b1
    m += (1 - b1) * g
    v *= b2
    v += (1 - b2) * g**2
    w -= rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return w, m, v


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("04.4", adam_of_the_lesson),
        ("18.4", np.array(["mcar", "mar", "mnar", "mnar"])),
        ("18.4", np.array(["mcar", "mar", "mnar", "mnar"], object)),
    ],
)
def test_right_answers_that_were_once_rejected(key, answer):
    assert judge(exercises.find(key), answer).ok


def rate_by_median(beats, fs, start, stop):
    inside = beats[(beats >= start) & (beats < stop)]
    return 60 * fs / np.median(np.diff(inside)) if len(inside) > 1 else np.nan


def dot_in_int16(qx, zero_x, scale_x, qw, scale_w):
    total = np.sum((qx.astype(np.int16) - zero_x) * qw.astype(np.int16), dtype=np.int16)
    return scale_x * scale_w * total


def normalised_by_n_minus_1(rate, subject, train_subjects):
    train = rate[np.isin(subject, train_subjects)]
    return (rate - train.mean()) / train.std(ddof=1)


@pytest.mark.parametrize(
    ("key", "answer", "told"),
    [
        ("00.1", lambda beats, seconds: round(60 * beats / seconds), "Do not round"),
        ("04.1", 18_107, "Not 18107."),
        ("06.1", 10_401, "Not 10401."),
        ("07.1", lambda s, slope, intercept: s * float(slope) + intercept, "float32 is asked for"),
        ("07.1", lambda s, a, b: (s * a + b).astype("float32"), "To float32 first"),
        ("14.3", rate_by_median, "median hardly notices"),
        ("14.5", normalised_by_n_minus_1, "ddof=1"),
        ("19.4", dot_in_int16, "The sum of many does not"),
        ("21.2", lambda u, k, s: exercises.find("21.2").reference(u, k, s) * 1.0, "uint32"),
    ],
)
def test_wrong_answers_are_rejected_for_what_they_are(key, answer, told):
    report = judge(exercises.find(key), answer)
    assert report.state == "failed"
    assert told in repr(report)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(data=st.data(), shape=st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_the_first_place_that_differs_is_found_whatever_the_shape(data, shape):
    exercise = Exercise("copy", np.copy, (), ("look",))
    right = np.arange(float(np.prod(shape))).reshape(shape) + 0.1
    places = st.tuples(*(st.integers(0, n - 1) for n in shape))
    place, later = sorted(data.draw(st.tuples(places, places)))
    step = data.draw(st.floats(1e-2, 1e3)) * data.draw(st.sampled_from([-1, 1]))
    wrong = right.copy()
    wrong[later] = wrong[place] = right[place] + step
    if place != later:
        wrong[later] = np.nan
    function = replace(exercise, cases=lambda: [()])
    for yours in (wrong, wrong.tolist()):
        (line,) = difference(yours, right, function)
        where, values = line.removeprefix("first difference at ").split(": ")
        assert where == str(list(place))
        expected, got = values.split(" expected, yours ")
        assert float(expected) != float(got)
    for yours in (right.tolist(), list(right), right.astype(object)):
        assert difference(yours, right, function) == []


@settings(deadline=None, derandomize=True, max_examples=60)
@given(count=st.integers(-(2**62), 2**62), off=st.integers(1, 9))
def test_a_count_that_is_off_by_a_little_is_never_right(count, off):
    exercise = Exercise("count", count, (), ("look",))
    assert judge(exercise, count).ok
    assert not judge(exercise, count + off).ok
    assert not judge(exercise, [count]).ok


def test_the_best_state_is_kept(tmp_path, monkeypatch):
    """Who puts the handed-out cell back after a wrong answer has begun all the same."""
    kept = tmp_path / "progress.json"
    monkeypatch.setenv(registry.PROGRESS, str(kept))

    def wrong(*_):
        return 0

    def untouched(*_): ...

    for answer, state in ((untouched, "not yet"), (wrong, "failed"), (untouched, "failed")):
        exercises.check("00.1", answer)
        assert registry.progress(kept) == {"00.1": state}
    for answer in (exercises.find("00.1").reference, wrong):
        exercises.check("00.1", answer)
        assert registry.progress(kept) == {"00.1": "passed"}


def test_an_empty_answer_may_be_an_array_of_words():
    found = exercises.check("08.1", lambda p, a, b: np.intersect1d(p[a], p[b]))
    assert found.ok
