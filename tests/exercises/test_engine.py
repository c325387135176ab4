import sys

import numpy as np
import pytest

from medtutor.exercises.engine import Exercise, Mistake, brief, judge


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
    assert "SystemExit: enough" in repr(report)


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
    assert "first difference" not in repr(judge(exercise, lambda x: (x[0], x)))


def test_a_small_array_is_shown_whole():
    assert "first difference" not in repr(judge(EXERCISE, total))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(3.28), "3.28"),
        ((np.float64(3.28), np.int64(2)), "(3.28, 2)"),
        ([np.bool_(True), np.float32(0.5)], "[True, 0.5]"),
        ({"mae": np.float64(3.28)}, "{'mae': 3.28}"),
        (np.array([np.float64(3.28), None]), "[3.28, None]"),
        ((np.zeros(20), np.ones(2)), "(array of shape (20,), 0 … 0, [1., 1.])"),
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
