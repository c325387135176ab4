"""The two exercises of lesson 03 that are about gradients."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def loss_gradient(z, y):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    dz = e / e.sum(axis=1, keepdims=True)
    dz[np.arange(len(y)), y] -= 1
    return dz / len(y)


def loss_gradient_with_one_hot(z, y):
    log_sum = np.logaddexp.reduce(z, axis=1, keepdims=True)
    return (np.exp(z - log_sum) - np.eye(z.shape[1])[y]) / len(y)


def _p(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _uphill(z, y):
    return (np.eye(z.shape[1])[y] - _p(z)) / len(y)


def _not_by_n(z, y):
    return _p(z) - np.eye(z.shape[1])[y]


def _by_n_and_classes(z, y):
    return (_p(z) - np.eye(z.shape[1])[y]) / z.size


def _only_p(z, y):
    return _p(z) / len(y)


def _scores_not_p(z, y):
    return (z - np.eye(z.shape[1])[y]) / len(y)


def _only_own_class(z, y):
    own = np.eye(z.shape[1])[y]
    return own * (_p(z) - own) / len(y)


def _whole_rows(z, y):
    p = _p(z)
    p[y] -= 1
    return p / len(y)


def _whole_columns(z, y):
    p = _p(z)
    p[:, y] -= 1
    return p / len(y)


def _labelled_cases():
    rng = np.random.default_rng(34)
    return [
        (np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]]), np.array([0, 1])),
        (rng.normal(0, 2, (5, 3)), np.array([0, 2, 1, 1, 0])),
        (np.array([[1000.0, 998.0], [0.0, 1.0], [-3.0, 1.0]]), np.array([1, 0, 1])),
    ]


def dense_backward(dz, x, W):
    dx = dz @ W.T
    dW = x.T @ dz
    db = dz.sum(axis=0)
    return dx, dW, db


def dense_backward_sample_by_sample(dz, x, W):
    dx = np.zeros(x.shape)
    dW, db = np.zeros(W.shape), np.zeros(W.shape[1])
    for j in range(len(x)):
        dx[j] = W @ dz[j]
        dW += np.outer(x[j], dz[j])
        db += dz[j]
    return dx, dW, db


def _bias_not_summed(dz, x, W):
    return dz @ W.T, x.T @ dz, dz


def _bias_over_classes(dz, x, W):
    return dz @ W.T, x.T @ dz, dz.sum(axis=1)


def _turned(dz, x, W):
    return dz @ W.T, dz.T @ x, dz.sum(axis=0)


def _mean(dz, x, W):
    return dz @ W.T, x.T @ dz / len(x), dz.mean(axis=0)


def _kernel_not_turned(dz, x, W):
    return dz @ W, x.T @ dz, dz.sum(axis=0)


def _other_order(dz, x, W):
    return x.T @ dz, dz @ W.T, dz.sum(axis=0)


def _forward_again(dz, x, W):
    return dz @ W.T, x.T @ (x @ W), dz.sum(axis=0)


def _one_sample(dz, x, W):
    return dz @ W.T, np.outer(x[0], dz[0]), dz[0]


def _dense_cases():
    rng = np.random.default_rng(35)
    sizes = [(4, 3, 2), (1, 2, 5), (3, 3, 3)]
    return [
        (rng.normal(size=(n, out)), rng.normal(size=(n, into)), rng.normal(size=(into, out)))
        for n, into, out in sizes
    ]


GRADIENTS = (
    Exercise(
        key="03.4",
        task="the gradient of the cross-entropy with respect to the scores",
        reference=loss_gradient,
        second=loss_gradient_with_one_hot,
        mistakes=(
            Mistake(
                _uphill,
                "The sign is turned round: raising the score of the true class should lower the "
                "loss, so its slope is negative.",
            ),
            Mistake(_not_by_n, "The loss is a mean over the samples. What does that do here?"),
            Mistake(
                _by_n_and_classes, "Divide by the number of samples, not by the size of the table."
            ),
            Mistake(_only_p, "Where does the label come in?"),
            Mistake(
                _scores_not_p, "You took the label off the scores. They are not probabilities."
            ),
            Mistake(
                _only_own_class,
                "The other classes have a slope too: raising a wrong score raises the loss.",
            ),
            Mistake(
                _whole_rows,
                "`p[y] -= 1` changes the rows whose numbers are in y, all columns of them. "
                "Index rows and columns together.",
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
        cases=_labelled_cases,
    ),
    Exercise(
        key="03.5",
        task="the gradients of a dense layer",
        reference=dense_backward,
        second=dense_backward_sample_by_sample,
        mistakes=(
            Mistake(
                _bias_not_summed,
                "All samples used the same bias, so its gradient is the sum over the batch.",
            ),
            Mistake(_bias_over_classes, "There is one bias for each class. Sum over the samples."),
            Mistake(_turned, "A gradient has the shape of what it belongs to. Yours is turned."),
            Mistake(
                _mean,
                "Sum over the batch: the division by n belongs to the loss, and is in dz already.",
            ),
            Mistake(
                _kernel_not_turned,
                "dz has one column for each class and dx one for each feature. Which way round "
                "must W stand?",
            ),
            Mistake(_other_order, "The order asked for is dx, dW, db."),
            Mistake(_forward_again, "dW needs the gradient that arrives, dz, not the output."),
            Mistake(_one_sample, "Every sample of the batch adds to dW and db."),
        ),
        hints=(
            "Each gradient has the shape of its partner: dx as x, dW as W, db as b.",
            "Write the three shapes down; only one product of dz with x, and one with W, fits.",
        ),
        cases=_dense_cases,
    ),
)
