"""Exercises: LSTM and the step to Keras."""

import numpy as np

from medtutor.exercises import Exercise, Mistake

WEIGHTS = Exercise(
    task="number of weights of an LSTM",
    reference=10_400,
    mistakes=(
        Mistake(2_600, "That is one gate. How many lines of the cell have weights of their own?"),
        Mistake(10_200, "Each of the four has a bias for each unit, too."),
        Mistake(7_800, "Three gates and the candidate: four."),
        Mistake(400, "The state of 50 units is an input as well. What shape has U?"),
        Mistake(10_600, "Keras keeps one bias for each gate and unit; some others keep two."),
        Mistake(204, "W and U have a column for each unit, not one for the whole layer."),
        Mistake(10_400 * 2_000, "All steps share the same weights."),
    ),
    hints=(
        "Count one gate first: W, U and b. Then take it four times.",
        "W is features x units, U is units x units, b has units values.",
    ),
)


def _sigma(a):
    return (1 + np.tanh(a / 2)) / 2


def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-a)) for a in (i, f, o))
    c = f * c + i * np.tanh(g)
    h = o * np.tanh(c)
    return h, c


def _step(x, h, c, W, U, b, order="ifgo", gate=_sigma, propose=np.tanh, show=np.tanh):
    part = dict(zip(order, np.split(x @ W + h @ U + b, 4, axis=1), strict=True))
    c = gate(part["f"]) * c + gate(part["i"]) * propose(part["g"])
    return gate(part["o"]) * show(c), c


def _old_cell_shown(x, h, c, W, U, b):
    o = np.split(x @ W + h @ U + b, 4, axis=1)[3]
    return _sigma(o) * np.tanh(c), lstm_step(x, h, c, W, U, b)[1]


def _nothing_forgotten(x, h, c, W, U, b):
    i, _, g, o = np.split(x @ W + h @ U + b, 4, axis=1)
    c = c + _sigma(i) * np.tanh(g)
    return _sigma(o) * np.tanh(c), c


def _forgets_by_input_gate(x, h, c, W, U, b):
    i, _, g, o = np.split(x @ W + h @ U + b, 4, axis=1)
    c = (1 - _sigma(i)) * c + _sigma(i) * np.tanh(g)
    return _sigma(o) * np.tanh(c), c


def _step_cases():
    rng = np.random.default_rng(62)

    def case(batch, features, units):
        states = [(batch, features), (batch, units), (batch, units)]
        weights = [(features, 4 * units), (units, 4 * units), (4 * units,)]
        return tuple(rng.normal(0, 0.8, size) for size in states + weights)

    return [case(1, 1, 1), case(4, 3, 2), case(2, 2, 5)]


LSTM_STEP = Exercise(
    task="one step of an LSTM in Keras's layout",
    reference=lstm_step,
    mistakes=(
        Mistake(
            lambda *step: _step(*step, order="ifog"),
            "Keras's columns are i, f, g, o. You took the last two in the other order; other "
            "books have that order.",
        ),
        Mistake(
            lambda *step: _step(*step, order="figo"),
            "Input gate first, then forget gate: i, f, g, o.",
        ),
        Mistake(
            lambda *step: _step(*step, gate=np.tanh, propose=_sigma),
            "Sigmoid and tanh are exchanged: a gate lies between 0 and 1.",
        ),
        Mistake(
            lambda *step: _step(*step, propose=_sigma),
            "The candidate may be negative: it is a tanh, not a gate.",
        ),
        Mistake(
            lambda *step: _step(*step, show=lambda c: c),
            "The new c looks right. What happens to it before o?",
        ),
        Mistake(_old_cell_shown, "h shows the cell as it is now, after forgetting and writing."),
        Mistake(
            lambda x, h, c, W, U, b: lstm_step(x, 0 * h, c, W, U, b),
            "The state of the step before goes into all four: h @ U.",
        ),
        Mistake(
            lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, 0 * b),
            "Add the bias b to all four arguments.",
        ),
        Mistake(_nothing_forgotten, "Your c only grows. Which gate multiplies the old one?"),
        Mistake(
            _forgets_by_input_gate,
            "You forget by 1 - i. The forget gate has weights of its own. (1 - i is how a GRU "
            "does it.)",
        ),
        Mistake(
            lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, b)[::-1],
            "Right numbers, other order: first h, then c.",
        ),
        Mistake(
            lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, b)[0],
            "The next step needs both: return h and c.",
        ),
    ),
    hints=(
        "Compute x @ W + h @ U + b once, then cut its columns into four blocks of equal width.",
        "i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=1); sigmoid on i, f and o, tanh on g.",
        "c = f * c + i * g, then h = o * np.tanh(c).",
    ),
    cases=_step_cases,
)


def belt(i, f):
    left = np.ones_like(f)
    for t in reversed(range(len(f) - 1)):
        left[t] = left[t + 1] * f[t + 1]
    return left


def _sums(i, f):
    after = np.concatenate([f[1:], np.ones((1, f.shape[1]))])
    return np.cumsum(after[::-1], axis=0)[::-1]


def _belt_cases():
    rng = np.random.default_rng(63)
    return [
        (np.array([[0.9], [0.2], [0.4]]), np.array([[0.3], [0.5], [0.8]])),
        (rng.uniform(0.1, 0.9, (7, 3)), rng.uniform(0.2, 1, (7, 3))),
    ]


BELT = Exercise(
    task="the gradient along the belt",
    reference=belt,
    mistakes=(
        Mistake(
            lambda i, f: np.cumprod(f[::-1], axis=0)[::-1],
            "One factor too many: f[t] acts before c[t] is there. Only later gates touch it.",
        ),
        Mistake(
            lambda i, f: np.cumprod(f, axis=0),
            "You multiply from the first step on. The gates that matter come after t.",
        ),
        Mistake(_sums, "The steps follow each other, so their factors multiply."),
        Mistake(lambda i, f: belt(i, f) * i, "i decides what is written, not what stays."),
        Mistake(
            lambda i, f: belt(i, f * i),
            "On the belt only f multiplies; i stands on the road beside it.",
        ),
        Mistake(
            lambda i, f: belt(i, i), "You took the input gates. Which gate multiplies the old c?"
        ),
        Mistake(
            lambda i, f: belt(i, f + i),
            "i is added with g to the belt; c_{t-1} does not appear there.",
        ),
        Mistake(
            lambda i, f: np.prod(f, axis=0), "Asked for is one value for each step, shape of f."
        ),
        Mistake(
            lambda i, f: np.concatenate([f[1:], np.ones((1, f.shape[1]))]),
            "That is one step of the belt. Go on to the last.",
        ),
    ),
    hints=(
        "Start at the end: the last cell is itself, so its gradient is 1. Then walk backwards.",
        "left[t] = left[t + 1] * f[t + 1].",
    ),
    cases=_belt_cases,
)


def half_life(f):
    return np.log(0.5) / np.log(f)


HALF_LIFE = Exercise(
    task="steps until half of a memory is left",
    reference=half_life,
    mistakes=(
        Mistake(
            lambda f: np.log(f) / np.log(0.5),
            "A larger f should give a longer life: turn the fraction round.",
        ),
        Mistake(lambda f: 0.5 / f, "After n steps f to the power n is left, not f times n."),
        Mistake(lambda f: -1 / np.log(f), "That is when 1/e, about 37 %, is left."),
        Mistake(lambda f: 1 / (1 - f), "1 / (1 - f) is how long it stays on average."),
        Mistake(lambda f: 0.5 / (1 - f), "What is lost in a step is a part of what is left."),
        Mistake(
            lambda f: np.log(2) / np.log(f),
            "The logarithm of a number below 1 is negative; is a time?",
        ),
        Mistake(
            lambda f: np.ceil(half_life(f)), "Do not round: a fraction of a step is fine here."
        ),
    ),
    hints=(
        "Solve f**n = 0.5 for n.",
        "Take the logarithm of both sides: n * log(f) = log(0.5).",
    ),
    cases=lambda: [(0.5,), (0.99,), (np.array([0.25, 0.731, 0.9]),)],
)


def sequences(stored):
    return np.moveaxis(stored, 0, 2)


def _sequence_cases():
    rng = np.random.default_rng(65)
    return [(np.arange(24.0).reshape(2, 3, 4),), (rng.normal(size=(3, 5, 7)),)]


SEQUENCES = Exercise(
    task="stored leads to the three axes that an LSTM reads",
    reference=sequences,
    mistakes=(
        Mistake(
            lambda stored: stored.reshape(*stored.shape[1:], len(stored)),
            "The shape is right and the numbers are shuffled: reshape keeps the order in memory. "
            "The axes have to change places.",
        ),
        Mistake(
            lambda stored: stored.transpose(1, 0, 2),
            "Your second axis holds the leads. Time comes second, features last.",
        ),
        Mistake(lambda stored: stored.T, "Your first axis is time. Windows come first."),
        Mistake(
            lambda stored: stored,
            "The three axes are there, in the order leads, windows, samples. Keras would take "
            "each lead for a window.",
        ),
        Mistake(lambda stored: stored[0][:, :, None], "Where are the other leads?"),
        Mistake(
            lambda stored: stored.transpose(1, 2, 0).reshape(stored.shape[1], -1),
            "Two axes: this is what the error message above is about.",
        ),
        Mistake(
            lambda stored: np.concatenate(list(stored), axis=1)[:, :, None],
            "You put the leads one after the other in time. They happened at the same time, so "
            "they are features of one step.",
        ),
    ),
    hints=(
        "The new order of the axes is windows, samples, leads. No number may change its company.",
        "np.transpose or np.moveaxis change the order of axes: which old axis goes where?",
    ),
    cases=_sequence_cases,
)
