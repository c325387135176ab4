"""What happens inside one hospital, and the average of what comes out. Plain NumPy, no Flower.

The model is the network of lesson 04: two convolutions and two dense layers, 3,600 weights. It
needs no TensorFlow, so that a hospital's process starts in a second.
"""

from collections.abc import Sequence

import numpy as np

from medtutor.errors import DataError
from medtutor.layers import Adam, Conv2D, Dense, Flatten, MaxPool2D, Network, ReLU, Softmax
from medtutor.privacy.hospitals import SIZE

Weights = list[np.ndarray]

EPOCHS, BATCH, RATE = 3, 32, 0.005  # passes over a hospital's own patients in a round; Adam's rate


def network(seed: int = 0, dtype: type = np.float32) -> Network:
    """Build the model that the hospitals share.

    Parameters
    ----------
    seed : int
        Of the first weights: all hospitals must start from the same.
    dtype : float32 or float64
        Of the weights.

    Returns
    -------
    Network
        (n, 20, 20, 1) to two probabilities.
    """
    layers = [Conv2D(8), ReLU(), MaxPool2D(), Conv2D(16), ReLU(), MaxPool2D(), Flatten()]
    return Network([*layers, Dense(16), ReLU(), Dense(2), Softmax()], (SIZE, SIZE, 1), seed, dtype)


def first_weights(seed: int = 0) -> Weights:
    """Give the weights from which everybody starts."""
    return [w.copy() for w in network(seed).weights]


def train_locally(
    weights: Sequence[np.ndarray],
    x: np.ndarray,
    labels: np.ndarray,
    epochs: int = EPOCHS,
    mu: float = 0.0,
    seed: int = 0,
) -> Weights:
    """Train the model that arrived on this hospital's own patients.

    Parameters
    ----------
    weights : sequence of ndarray
        The global model.
    x : ndarray of float32, shape (n, 20, 20, 1)
        Images of the training patients.
    labels : ndarray of int, shape (n,)
        0 or 1.
    epochs : int
        Passes over the data.
    mu : float
        FedProx: strength of the pull back to the global model, ``mu / 2 * |w - w_global|²``.
    seed : int
        Of the order of the samples.

    Returns
    -------
    list of ndarray
        The local model.

    References
    ----------
    McMahan et al., AISTATS 2017 (FedAvg); Li et al., MLSys 2020 (FedProx, eq. 2).
    """
    model, optimiser = network(), Adam(RATE)
    model.set_weights(weights)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            batch = order[start : start + BATCH]
            model.loss_and_gradients(x[batch], labels[batch])
            pull = [mu * (w - g) for w, g in zip(model.weights, weights, strict=True)]
            optimiser.step(
                model.weights, [a + b for a, b in zip(model.gradients, pull, strict=True)]
            )
    return [w.copy() for w in model.weights]


def average(models: Sequence[Sequence[np.ndarray]], counts: Sequence[int]) -> Weights:
    """Average models, each weighted by its number of samples (FedAvg's server side).

    Parameters
    ----------
    models : sequence of sequence of ndarray
        The weights of each hospital's model.
    counts : sequence of int
        Training samples of each hospital.

    Returns
    -------
    list of ndarray
        ``sum_k n_k / n * w_k``.

    Raises
    ------
    DataError
        If there is no model, or not a count for each.
    """
    if len(models) == 0 or len(models) != len(counts):
        raise DataError(f"{len(models)} models and {len(counts)} counts; expected as many")
    shares = [count / sum(counts) for count in counts]
    total = [np.asarray(w) * shares[0] for w in models[0]]
    for share, model in zip(shares[1:], models[1:], strict=True):
        for sum_so_far, w in zip(total, model, strict=True):
            sum_so_far += np.asarray(w) * share
    return total


def predict(weights: Sequence[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Give the probability of the event.

    Parameters
    ----------
    weights : sequence of ndarray
        A model.
    x : ndarray of float32, shape (n, 20, 20, 1)

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    model = network()
    model.set_weights(weights)
    return model.predict(x)[:, 1]


def losses(weights: Sequence[np.ndarray], x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the cross-entropy of each sample.

    Parameters
    ----------
    weights : sequence of ndarray
        A model.
    x : ndarray of float32, shape (n, 20, 20, 1)
    labels : ndarray of int, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    p = predict(weights, x).astype(float)
    return -np.log(np.clip(np.where(np.asarray(labels) == 1, p, 1 - p), 1e-7, 1))


def seed_of(server_round: int, hospital: int) -> int:
    """Give the seed of a hospital's order of samples in a round: the same in every engine."""
    return 100 * server_round + hospital
