"""Exercises: dense layers and softmax."""

import numpy as np

from medtutor.exercises import Exercise, Mistake

PIXELS = 64 * 64 * 3

NUMBERS = Exercise(
    task="how many numbers a dense layer learns",
    reference=PIXELS * 10 + 10,
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
)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _divided(e):
    return e / e.sum(axis=1, keepdims=True)


def _lost_axis(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1)


SOFTMAX = Exercise(
    task="a softmax that does not overflow",
    reference=softmax,
    mistakes=(
        Mistake(lambda z: softmax(z.T).T, "Your columns sum to 1. A sample is a row."),
        Mistake(
            lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(),
            "All samples together sum to 1. Each of them should: one sum for each row.",
        ),
        Mistake(
            lambda z: _divided(np.exp(z)),
            "The formula is right, and exp overflows or becomes 0 for large scores. What may you "
            "add to all scores of a row without changing the result?",
        ),
        Mistake(
            lambda z: _divided(np.exp(z - z.max())),
            "One number for all rows: a row far below it becomes 0 altogether, and 0 / 0 is nan. "
            "Each row needs a maximum of its own.",
        ),
        Mistake(
            lambda z: _divided(np.exp(z - z.max(axis=0))),
            "You take a different number off each score of a row, and that changes their "
            "differences. Along which axis is the maximum?",
        ),
        Mistake(
            lambda z: _divided(np.exp(z / z.max(axis=1, keepdims=True))),
            "Dividing the scores is a temperature: it changes the result. Which operation leaves "
            "it alone?",
        ),
        Mistake(
            lambda z: _divided(np.exp(np.clip(z, -500, 500))),
            "Cutting the scores off makes unequal ones equal. Shift them instead.",
        ),
        Mistake(
            _lost_axis,
            "The sum over the classes has shape (n,), and NumPy lays it along the wrong axis. "
            "`keepdims=True` leaves it a column.",
        ),
        Mistake(lambda z: np.exp(z - z.max(axis=1, keepdims=True)), "What do your rows sum to?"),
    ),
    hints=(
        "Shift each row so that its largest score becomes 0; then the formula.",
        "z.max(axis=1, keepdims=True) is the largest score of each row, as a column. Take it "
        "off, exponentiate, divide by the sum along the same axis.",
    ),
    cases=lambda: [
        (np.array([[2.0, 1.0, 0.0], [0.0, 3.0, -1.0]]),),
        (np.array([[1.0, 2.0, 3.0], [5.0, 0.0, 1.0], [-2.0, 2.0, 0.5]]),),
        (np.array([[1000.0, 1001.0, 1002.0], [0.0, 800.0, -800.0], [-900.0, -901.0, -901.0]]),),
        (np.array([[-1000.0, -1001.0]]),),
    ],
)


def cross_entropy(z, y):
    m = z.max(axis=1)
    log_sum = m + np.log(np.exp(z - m[:, None]).sum(axis=1))
    return np.mean(log_sum - z[np.arange(len(y)), y])


def _log_p(z):
    m = z.max(axis=1, keepdims=True)
    return z - m - np.log(np.exp(z - m).sum(axis=1, keepdims=True))


def _own(log_p, y):
    return log_p[np.arange(len(y)), y]


def _labelled_cases():
    rng = np.random.default_rng(33)
    return [
        (np.array([[2.0, 0.0, 1.0]]), np.array([2])),
        (rng.normal(0, 2, (5, 3)), np.array([0, 2, 1, 1, 0])),
        (np.array([[1000.0, 998.0], [3.0, 1.0]]), np.array([1, 0])),
        (np.array([[0.0, -2000.0], [2.0, 3.0]]), np.array([1, 0])),
    ]


CROSS_ENTROPY = Exercise(
    task="cross-entropy from scores and class numbers",
    reference=cross_entropy,
    mistakes=(
        Mistake(
            lambda z, y: -np.sum(_own(_log_p(z), y)),
            "Your loss grows with the number of samples. Take the mean.",
        ),
        Mistake(
            lambda z, y: np.mean(_own(_log_p(z), y)),
            "A loss is not negative: a logarithm of a probability is.",
        ),
        Mistake(
            lambda z, y: -np.mean(_own(_log_p(z), y)) / np.log(10),
            "This is in powers of ten. Use the natural logarithm, `np.log`.",
        ),
        Mistake(
            lambda z, y: -np.mean(_own(_log_p(z), y)) / np.log(2),
            "This is in bits. Use the natural logarithm, `np.log`.",
        ),
        Mistake(
            lambda z, y: -np.mean(_own(_log_p(np.exp(_log_p(z))), y)),
            "The softmax was taken twice: log-sum-exp wants scores, not probabilities.",
        ),
        Mistake(
            lambda z, y: -np.mean(np.log(_own(softmax(z), y))),
            "In the last case a probability underflows to 0, and its logarithm is minus "
            "infinity. Never form the probability: stay with the scores.",
        ),
        Mistake(
            lambda z, y: np.mean(np.log(np.exp(z).sum(axis=1)) - _own(z, y)),
            "exp(1000) is inf. Take the largest score out of the sum.",
        ),
        Mistake(
            lambda z, y: -np.mean(_log_p(z)[:, y]),
            "`log_p[:, y]` takes for every row the columns of all labels. Row j needs its own "
            "label only: index with two lists, rows and columns.",
        ),
        Mistake(
            lambda z, y: -np.mean(np.eye(z.shape[1])[y] * _log_p(z)),
            "The mean goes over the samples, not over samples times classes.",
        ),
        Mistake(
            lambda z, y: -np.mean(_own(z, y)),
            "Where are the other classes? The log-sum-exp is missing.",
        ),
    ),
    hints=(
        "For one sample: log-sum-exp of its scores, minus the score of its own class.",
        "z[np.arange(n), y] picks each sample's own score; log-sum-exp is m + log(sum(exp(z - "
        "m))) along the classes; then the mean of the difference.",
    ),
    cases=_labelled_cases,
)


def loss_gradient(z, y):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    dz = e / e.sum(axis=1, keepdims=True)
    dz[np.arange(len(y)), y] -= 1
    return dz / len(y)


def _one_hot(z, y):
    return np.eye(z.shape[1])[y]


def _whole_rows(z, y):
    p = softmax(z)
    p[y] -= 1
    return p / len(y)


def _whole_columns(z, y):
    p = softmax(z)
    p[:, y] -= 1
    return p / len(y)


def _gradient_cases():
    rng = np.random.default_rng(34)
    return [
        (np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]]), np.array([0, 1])),
        (rng.normal(0, 2, (5, 3)), np.array([0, 2, 1, 1, 0])),
        (np.array([[1000.0, 998.0], [0.0, 1.0], [-3.0, 1597.0]]), np.array([1, 0, 1])),
    ]


LOSS_GRADIENT = Exercise(
    task="the gradient of the cross-entropy with respect to the scores",
    reference=loss_gradient,
    mistakes=(
        Mistake(
            lambda z, y: (_one_hot(z, y) - softmax(z)) / len(y),
            "The sign is turned round: raising the score of the true class should lower the "
            "loss, so its slope is negative.",
        ),
        Mistake(
            lambda z, y: softmax(z) - _one_hot(z, y),
            "The loss is a mean over the samples. What does that do here?",
        ),
        Mistake(
            lambda z, y: (softmax(z) - _one_hot(z, y)) / z.size,
            "Divide by the number of samples, not by the size of the table.",
        ),
        Mistake(lambda z, y: softmax(z) / len(y), "Where does the label come in?"),
        Mistake(
            lambda z, y: (z - _one_hot(z, y)) / len(y),
            "You took the label off the scores. They are not probabilities.",
        ),
        Mistake(
            lambda z, y: _one_hot(z, y) * (softmax(z) - _one_hot(z, y)) / len(y),
            "The other classes have a slope too: raising a wrong score raises the loss.",
        ),
        Mistake(
            _whole_rows,
            "`p[y] -= 1` changes the rows whose numbers are in y, all columns of them. Index "
            "rows and columns together.",
        ),
        Mistake(
            _whole_columns,
            "`p[:, y] -= 1` changes the listed columns in every row. Index rows and columns "
            "together.",
        ),
    ),
    hints=(
        "Start from the softmax, and take 1 off in one place of each row.",
        "p[np.arange(n), y] -= 1 subtracts the one-hot labels; then divide by n.",
    ),
    cases=_gradient_cases,
)


def dense_backward(dz, x, W):
    dx = dz @ W.T
    dW = x.T @ dz
    db = dz.sum(axis=0)
    return dx, dW, db


def _dense_cases():
    rng = np.random.default_rng(35)
    sizes = [(4, 3, 2), (1, 2, 5), (3, 3, 3)]
    return [
        (rng.normal(size=(n, out)), rng.normal(size=(n, into)), rng.normal(size=(into, out)))
        for n, into, out in sizes
    ]


DENSE_BACKWARD = Exercise(
    task="the gradients of a dense layer",
    reference=dense_backward,
    mistakes=(
        Mistake(
            lambda dz, x, W: (dz @ W.T, x.T @ dz, dz),
            "All samples used the same bias, so its gradient is the sum over the batch.",
        ),
        Mistake(
            lambda dz, x, W: (dz @ W.T, x.T @ dz, dz.sum(axis=1)),
            "There is one bias for each class. Sum over the samples.",
        ),
        Mistake(
            lambda dz, x, W: (dz @ W.T, dz.T @ x, dz.sum(axis=0)),
            "A gradient has the shape of what it belongs to. Yours is turned.",
        ),
        Mistake(
            lambda dz, x, W: (dz @ W.T, x.T @ dz / len(x), dz.mean(axis=0)),
            "Sum over the batch: the division by n belongs to the loss, and is in dz already.",
        ),
        Mistake(
            lambda dz, x, W: (dz @ W, x.T @ dz, dz.sum(axis=0)),
            "dz has one column for each class and dx one for each feature. Which way round must "
            "W stand?",
        ),
        Mistake(
            lambda dz, x, W: (x.T @ dz, dz @ W.T, dz.sum(axis=0)),
            "The order asked for is dx, dW, db.",
        ),
        Mistake(
            lambda dz, x, W: (dz @ W.T, x.T @ (x @ W), dz.sum(axis=0)),
            "dW needs the gradient that arrives, dz, not the output.",
        ),
        Mistake(
            lambda dz, x, W: (dz @ W.T, np.outer(x[0], dz[0]), dz[0]),
            "Every sample of the batch adds to dW and db.",
        ),
    ),
    hints=(
        "Each gradient has the shape of its partner: dx as x, dW as W, db as b.",
        "Write the three shapes down; only one product of dz with x, and one with W, fits.",
    ),
    cases=_dense_cases,
)
