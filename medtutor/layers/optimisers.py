"""Gradient descent, as Keras computes it."""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from medtutor.errors import DataError
from medtutor.layers.checks import expect_shape


class Optimiser(Protocol):
    """Anything that can make a step."""

    learning_rate: float

    def step(self, weights: Sequence[np.ndarray], gradients: Sequence[np.ndarray]) -> None:
        """Change the weights in place."""


class SGD:
    """Stochastic gradient descent with momentum.

    ``m = momentum m - learning_rate g``, then ``w = w + m`` (with `nesterov`,
    ``w = w + momentum m - learning_rate g``; Sutskever et al. 2013).
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        self.learning_rate, self.momentum, self.nesterov = learning_rate, momentum, nesterov
        self.velocities: list[np.ndarray] = []

    def step(self, weights: Sequence[np.ndarray], gradients: Sequence[np.ndarray]) -> None:
        """Change the weights in place, given their gradients in the same order."""
        _check(weights, gradients)
        if not self.velocities:
            self.velocities = [np.zeros_like(w) for w in weights]
        _check(weights, self.velocities)
        for w, g, m in zip(weights, gradients, self.velocities, strict=True):
            m *= self.momentum
            m -= self.learning_rate * g
            w += self.momentum * m - self.learning_rate * g if self.nesterov else m


class Adam:
    """Adaptive moments (Kingma & Ba 2015, algorithm 1 with the efficient order of section 2).

    ``m = m + (1 - b1) (g - m)``, ``v = v + (1 - b2) (g^2 - v)``,
    ``w = w - learning_rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)``.

    The correction of both means stands before the fraction, so epsilon is added to the uncorrected
    ``sqrt(v)``: the paper's epsilon-hat, and what Keras does.

    Parameters
    ----------
    learning_rate : float
        May be changed between steps.
    beta_1, beta_2 : float
        How slowly the means of the gradient and of its square forget.
    epsilon : float
        Keeps the quotient finite.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> Adam(learning_rate=0.1).step([w], [np.array([2.0])])  # the first step: the rate itself
    >>> w.round(6)
    array([0.9])
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        self.learning_rate, self.epsilon = learning_rate, epsilon
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.steps = 0
        self.means: list[np.ndarray] = []
        self.squares: list[np.ndarray] = []

    def step(self, weights: Sequence[np.ndarray], gradients: Sequence[np.ndarray]) -> None:
        """Change the weights in place, given their gradients in the same order."""
        _check(weights, gradients)
        if not self.means:
            self.means = [np.zeros_like(w) for w in weights]
            self.squares = [np.zeros_like(w) for w in weights]
        _check(weights, self.means)
        self.steps += 1
        rate = self.learning_rate * math.sqrt(1 - self.beta_2**self.steps)
        rate /= 1 - self.beta_1**self.steps
        for w, g, m, v in zip(weights, gradients, self.means, self.squares, strict=True):
            m += (1 - self.beta_1) * (g - m)
            v += (1 - self.beta_2) * (g * g - v)
            w -= rate * m / (np.sqrt(v) + self.epsilon)


def _check(weights: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> None:
    """Check that each weight has its gradient."""
    if len(weights) != len(others):
        raise DataError(f"{len(weights)} weights and {len(others)} gradients; expected as many")
    for number, (w, other) in enumerate(zip(weights, others, strict=True)):
        expect_shape(other, w.shape, f"gradient {number}", "the shape of its weight")
