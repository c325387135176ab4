"""Exercises of lesson 05, Recurrent networks."""

import numpy as np

from medtutor.exercises._lesson_05_gradients import GRADIENTS
from medtutor.exercises._lesson_05_size import SIZE
from medtutor.exercises.engine import Exercise, Mistake


def rnn_step(x, h, W, U, b):
    return np.tanh(x @ W + h @ U + b)


def step_in_one_product(x, h, W, U, b):
    both = np.concatenate([x, h, np.ones((len(x), 1))], axis=1)
    return np.tanh(both @ np.vstack([W, U, b]))


def _no_recurrent_term(x, h, W, U, b):
    return np.tanh(x @ W + b)


def _state_added_as_it_is(x, h, W, U, b):
    return np.tanh(x @ W + h + b)


def _state_outside(x, h, W, U, b):
    return np.tanh(x @ W + b) + h @ U


def _no_tanh(x, h, W, U, b):
    return x @ W + h @ U + b


def _no_bias(x, h, W, U, b):
    return np.tanh(x @ W + h @ U)


def _bias_outside(x, h, W, U, b):
    return np.tanh(x @ W + h @ U) + b


def _transposed(x, h, W, U, b):
    return np.tanh(x @ W + h @ U.T + b)


def _columns(x, h, W, U, b):
    return np.tanh(W.T @ x + U.T @ h + b)


def _sigmoid(x, h, W, U, b):
    return 1 / (1 + np.exp(-(x @ W + h @ U + b)))


def _relu(x, h, W, U, b):
    return np.maximum(0, x @ W + h @ U + b)


def _element_by_element(x, h, W, U, b):
    return np.tanh(x @ W + h * np.diag(U) + b)


def _summed_over_the_batch(x, h, W, U, b):
    return rnn_step(x, h, W, U, b).sum(axis=0)


def _tanh_twice(x, h, W, U, b):
    return np.tanh(x @ W + np.tanh(h) @ U + b)


def _step_cases():
    rng = np.random.default_rng(51)

    def case(batch, features, units):
        sizes = [(batch, features), (batch, units), (features, units), (units, units), (units,)]
        return tuple(rng.normal(0, 0.8, size) for size in sizes)

    return [case(1, 1, 1), case(4, 3, 2), case(2, 2, 5)]


STEP = Exercise(
    key="05.1",
    task="one step of a recurrent layer for a batch",
    reference=rnn_step,
    second=step_in_one_product,
    mistakes=(
        Mistake(_no_recurrent_term, "Without the state before, this is a dense layer. Where is "
                "h @ U?"),
        Mistake(_state_added_as_it_is, "The old state goes through a matrix of its own, U."),
        Mistake(_state_outside, "The tanh goes over the whole sum, the recurrent term included. "
                "Only then the state stays between -1 and 1."),
        Mistake(_no_tanh, "The sum is right. What bends it?"),
        Mistake(_no_bias, "The bias b is missing."),
        Mistake(_bias_outside, "The bias is part of the argument of the tanh."),
        Mistake(_transposed, "U stands as it is on the way forward. Its transpose comes on the "
                "way back."),
        Mistake(_columns, "Here each row is a sequence of the batch: the samples stand left of "
                "the matrix, x @ W."),
        Mistake(_sigmoid, "That is a sigmoid. The formula has a tanh."),
        Mistake(_relu, "That is a relu. The formula has a tanh, which has a bound."),
        Mistake(_element_by_element, "Each unit reads the old state of all units, so h @ U is a "
                "matrix product and not *."),
        Mistake(_summed_over_the_batch, "Every sequence of the batch has a state of its own: "
                "nothing is summed on the way forward."),
        Mistake(_tanh_twice, "The old state has been through its tanh already."),
    ),
    hints=(
        "Two matrix products and a bias are added; then one function bends the sum.",
        "x @ W has shape (batch, units), and so has h @ U.",
        "np.tanh(x @ W + h @ U + b).",
    ),
    cases=_step_cases,
)  # fmt: skip

EXERCISES = (STEP, *GRADIENTS, *SIZE)
