"""Exercises of lesson 03, dense layers and softmax."""

import numpy as np

from medtutor.exercises._lesson_03_gradients import GRADIENTS
from medtutor.exercises.engine import Exercise, Mistake

PIXELS = 64 * 64 * 3


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_by_batch_maximum(z):
    # One constant for all rows is as good, while no row lies many hundreds below the others.
    e = np.exp(z - z.max())
    return (e.T / e.sum(axis=1)).T


def _down_the_columns(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def _one_sum_for_all(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def _overflows(z):
    with np.errstate(all="ignore"):
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)


def _maximum_of_columns(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=1, keepdims=True)


def _divided_by_maximum(z):
    e = np.exp(z / z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _cut_off(z):
    e = np.exp(np.clip(z, -500, 500))
    return e / e.sum(axis=1, keepdims=True)


def _lost_axis(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1)


def _not_divided(z):
    return np.exp(z - z.max(axis=1, keepdims=True))


def _score_cases():
    return [
        (np.array([[2.0, 1.0, 0.0], [0.0, 3.0, -1.0]]),),
        (np.array([[1.0, 2.0, 3.0], [5.0, 0.0, 1.0], [-2.0, 2.0, 0.5]]),),
        (np.array([[1000.0, 1001.0, 1002.0], [998.0, 1000.0, 700.0]]),),
        (np.array([[-1000.0, -1001.0]]),),
    ]


def cross_entropy(z, y):
    m = z.max(axis=1)
    log_sum = m + np.log(np.exp(z - m[:, None]).sum(axis=1))
    return np.mean(log_sum - z[np.arange(len(y)), y])


def cross_entropy_one_by_one(z, y):
    total = 0.0
    for scores, c in zip(z, y, strict=True):
        total += np.logaddexp.reduce(scores - scores[c])
    return total / len(y)


def _log_p(z):
    m = z.max(axis=1, keepdims=True)
    return z - m - np.log(np.exp(z - m).sum(axis=1, keepdims=True))


def _own(log_p, y):
    return log_p[np.arange(len(y)), y]


def _summed(z, y):
    return -np.sum(_own(_log_p(z), y))


def _no_minus(z, y):
    return np.mean(_own(_log_p(z), y))


def _log10(z, y):
    return -np.mean(_own(_log_p(z), y)) / np.log(10)


def _log2(z, y):
    return -np.mean(_own(_log_p(z), y)) / np.log(2)


def _softmax_twice(z, y):
    return -np.mean(_own(_log_p(np.exp(_log_p(z))), y))


def _log_of_softmax(z, y):
    with np.errstate(divide="ignore"):
        return -np.mean(np.log(_own(softmax(z), y)))


def _without_maximum(z, y):
    with np.errstate(all="ignore"):
        return np.mean(np.log(np.exp(z).sum(axis=1)) - _own(z, y))


def _columns_of_all_rows(z, y):
    return -np.mean(_log_p(z)[:, y])


def _mean_over_classes(z, y):
    return -np.mean(np.eye(z.shape[1])[y] * _log_p(z))


def _only_the_score(z, y):
    return -np.mean(_own(z, y))


def _labelled_cases():
    rng = np.random.default_rng(33)
    return [
        (np.array([[2.0, 0.0, 1.0]]), np.array([2])),
        (rng.normal(0, 2, (5, 3)), np.array([0, 2, 1, 1, 0])),
        (np.array([[1000.0, 998.0], [3.0, 1.0]]), np.array([1, 0])),
        (np.array([[0.0, -1000.0], [2.0, 3.0]]), np.array([1, 0])),
    ]


EXERCISES = (
    Exercise(
        key="03.1",
        task="how many numbers a dense layer learns",
        reference=PIXELS * 10 + 10,
        second=(PIXELS + 1) * 10,
        mistakes=(
            Mistake(PIXELS * 10, "Those are the weights. What else does each score have?"),
            Mistake(64 * 64 * 10 + 10, "Each pixel has three channels, so it is three numbers."),
            Mistake(PIXELS * 10 + 1, "Each score has a bias of its own."),
            Mistake(PIXELS * 10 + PIXELS, "A bias belongs to a score, not to a pixel."),
            Mistake(PIXELS + 10, "Every score has a template of its own, as large as the crop."),
        ),
        hints=(
            "How many numbers does one score need? Then there are ten of them.",
            "features · scores weights, and one bias for each score.",
        ),
        rtol=0,  # a count: one more or less is wrong
    ),
    Exercise(
        key="03.2",
        task="a softmax that does not overflow",
        reference=softmax,
        second=softmax_by_batch_maximum,
        mistakes=(
            Mistake(_down_the_columns, "Your columns sum to 1. A sample is a row."),
            Mistake(
                _one_sum_for_all,
                "All samples together sum to 1. Each of them should: one sum for each row.",
            ),
            Mistake(
                _overflows,
                "The formula is right, and exp overflows or becomes 0 for large scores. What may "
                "you add to all scores of a row without changing the result?",
            ),
            Mistake(
                _maximum_of_columns,
                "You take a different number off each score of a row, and that changes their "
                "differences. Along which axis is the maximum?",
            ),
            Mistake(
                _divided_by_maximum,
                "Dividing the scores is a temperature: it changes the result. Which operation "
                "leaves it alone?",
            ),
            Mistake(
                _cut_off,
                "Cutting the scores off makes unequal ones equal. Shift them instead.",
            ),
            Mistake(
                _lost_axis,
                "The sum over the classes has shape (n,), and NumPy lays it along the wrong axis. "
                "`keepdims=True` leaves it a column.",
            ),
            Mistake(_not_divided, "What do your rows sum to?"),
        ),
        hints=(
            "Shift each row so that its largest score becomes 0; then the formula.",
            "z.max(axis=1, keepdims=True) is the largest score of each row, as a column. "
            "Take it off, exponentiate, divide by the sum along the same axis.",
        ),
        cases=_score_cases,
    ),
    Exercise(
        key="03.3",
        task="cross-entropy from scores and class numbers",
        reference=cross_entropy,
        second=cross_entropy_one_by_one,
        mistakes=(
            Mistake(_summed, "Your loss grows with the number of samples. Take the mean."),
            Mistake(_no_minus, "A loss is not negative: a logarithm of a probability is."),
            Mistake(_log10, "This is in powers of ten. Use the natural logarithm, `np.log`."),
            Mistake(_log2, "This is in bits. Use the natural logarithm, `np.log`."),
            Mistake(
                _softmax_twice,
                "The softmax was taken twice: log-sum-exp wants scores, not probabilities.",
            ),
            Mistake(
                _log_of_softmax,
                "In the last case a probability underflows to 0, and its logarithm is minus "
                "infinity. Never form the probability: stay with the scores.",
            ),
            Mistake(_without_maximum, "exp(1000) is inf. Take the largest score out of the sum."),
            Mistake(
                _columns_of_all_rows,
                "`log_p[:, y]` takes for every row the columns of all labels. Row j needs its own "
                "label only: index with two lists, rows and columns.",
            ),
            Mistake(
                _mean_over_classes,
                "The mean goes over the samples, not over samples times classes.",
            ),
            Mistake(_only_the_score, "Where are the other classes? The log-sum-exp is missing."),
        ),
        hints=(
            "For one sample: log-sum-exp of its scores, minus the score of its own class.",
            "z[np.arange(n), y] picks each sample's own score; log-sum-exp is "
            "m + log(sum(exp(z - m))) along the classes; then the mean of the difference.",
        ),
        cases=_labelled_cases,
    ),
    *GRADIENTS,
)
