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
    key="99.1",
    task="mean of each column",
    reference=mean,
    second=mean_again,
    mistakes=(Mistake(over_rows, "which axis?"), Mistake(total, "divide by the number of rows")),
    hints=("think of the axis", "x.mean(axis=0)"),
    cases=lambda: [(np.arange(6.0).reshape(2, 3),), (np.eye(3) * 4,)],
)
VALUE = Exercise("99.2", "how many?", 3, 3.0, (Mistake(4, "off by one"),), ("count",))


def test_right_answers_written_in_any_way_are_right():
    for answer in (mean, mean_again, lambda x: x.mean(0).astype("float32")):
        report = judge(EXERCISE, answer)
        assert report.ok
        assert "right (2 of 2 cases)" in repr(report)


@pytest.mark.parametrize("answer", [None, ..., lambda x: None, lambda x: ...])
def test_an_untouched_stub_is_not_yet(answer):
    assert judge(EXERCISE, answer).state == "not yet"


def test_a_stub_that_raises_not_implemented_is_not_yet():
    def stub(x):
        raise NotImplementedError

    assert judge(EXERCISE, stub).state == "not yet"


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
    exercise = Exercise("99.3", "which?", "b", "B", (Mistake("a", "no"),), ("look",))
    assert judge(exercise, " B ").ok
    assert not judge(exercise, "a").ok


def test_brief_is_one_short_line():
    assert brief(np.zeros((40, 40))) == "array of shape (40, 40), 0 … 0"
    assert "\n" not in brief(np.eye(2))
    assert len(brief("x" * 500)) <= 70


def test_long_arrays_of_words_or_objects_are_described_and_do_not_raise():
    for value in (np.array(["P1"] * 20), np.array([None] * 20), np.zeros(20, bool)):
        assert len(brief(value)) <= 70
    exercise = Exercise(
        "99.4", "who?", lambda names: names[:1], lambda names: names[0:1],
        (Mistake(lambda names: names[::-1], "which end?"),), ("look",),
        cases=lambda: [(np.array([f"P{k}" for k in range(20)]),)],
    )  # fmt: skip
    assert judge(exercise, lambda names: names).state == "failed"
