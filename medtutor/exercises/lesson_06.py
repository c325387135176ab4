"""Exercises of lesson 06, LSTM and the step to Keras."""

import numpy as np

from medtutor.exercises._lesson_06_memory import MEMORY
from medtutor.exercises.engine import Exercise, Mistake


def _sigma(a):
    return (1 + np.tanh(a / 2)) / 2


def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-a)) for a in (i, f, o))
    c = f * c + i * np.tanh(g)
    h = o * np.tanh(c)
    return h, c


def step_by_columns(x, h, c, W, U, b):
    n = U.shape[0]
    a = np.concatenate([x, h], axis=1) @ np.concatenate([W, U]) + b
    gate = {name: a[:, k * n : (k + 1) * n] for k, name in enumerate("ifgo")}
    new = _sigma(gate["f"]) * c + _sigma(gate["i"]) * np.tanh(gate["g"])
    return _sigma(gate["o"]) * np.tanh(new), new


def _parts(x, h, W, U, b):
    return np.split(x @ W + h @ U + b, 4, axis=1)


def _finish(i, f, g, o, c):
    c = _sigma(f) * c + _sigma(i) * np.tanh(g)
    return _sigma(o) * np.tanh(c), c


def _order_ifog(x, h, c, W, U, b):
    i, f, o, g = _parts(x, h, W, U, b)
    return _finish(i, f, g, o, c)


def _order_figo(x, h, c, W, U, b):
    f, i, g, o = _parts(x, h, W, U, b)
    return _finish(i, f, g, o, c)


def _tanh_gates(x, h, c, W, U, b):
    i, f, g, o = _parts(x, h, W, U, b)
    c = np.tanh(f) * c + np.tanh(i) * _sigma(g)
    return np.tanh(o) * np.tanh(c), c


def _sigmoid_candidate(x, h, c, W, U, b):
    i, f, g, o = _parts(x, h, W, U, b)
    c = _sigma(f) * c + _sigma(i) * _sigma(g)
    return _sigma(o) * np.tanh(c), c


def _plain_cell_shown(x, h, c, W, U, b):
    i, f, g, o = _parts(x, h, W, U, b)
    c = _sigma(f) * c + _sigma(i) * np.tanh(g)
    return _sigma(o) * c, c


def _old_cell_shown(x, h, c, W, U, b):
    _, new = lstm_step(x, h, c, W, U, b)
    return _sigma(_parts(x, h, W, U, b)[3]) * np.tanh(c), new


def _no_recurrent_term(x, h, c, W, U, b):
    return lstm_step(x, 0 * h, c, W, U, b)


def _no_bias(x, h, c, W, U, b):
    return lstm_step(x, h, c, W, U, 0 * b)


def _nothing_forgotten(x, h, c, W, U, b):
    i, f, g, o = _parts(x, h, W, U, b)
    return _finish(i, np.full_like(f, 50.0), g, o, c)


def _forgets_by_input_gate(x, h, c, W, U, b):
    i, _, g, o = _parts(x, h, W, U, b)
    c = (1 - _sigma(i)) * c + _sigma(i) * np.tanh(g)
    return _sigma(o) * np.tanh(c), c


def _other_way_round(x, h, c, W, U, b):
    return lstm_step(x, h, c, W, U, b)[::-1]


def _state_only(x, h, c, W, U, b):
    return lstm_step(x, h, c, W, U, b)[0]


def _step_cases():
    rng = np.random.default_rng(62)

    def case(batch, features, units):
        sizes = [(batch, features), (batch, units), (batch, units),
                 (features, 4 * units), (units, 4 * units), (4 * units,)]  # fmt: skip
        return tuple(rng.normal(0, 0.8, size) for size in sizes)

    return [case(1, 1, 1), case(4, 3, 2), case(2, 2, 5)]


def sequences(stored):
    return np.moveaxis(stored, 0, 2)


def sequences_by_stack(stored):
    return np.stack(list(stored), axis=-1)


def _reshaped(stored):
    leads, windows, samples = stored.shape
    return stored.reshape(windows, samples, leads)


def _leads_before_time(stored):
    return stored.transpose(1, 0, 2)


def _time_before_windows(stored):
    return stored.T


def _left_as_it_is(stored):
    return stored


def _first_lead_only(stored):
    return stored[0][:, :, None]


def _flattened(stored):
    leads, windows, samples = stored.shape
    return stored.transpose(1, 2, 0).reshape(windows, samples * leads)


def _leads_in_a_row(stored):
    return np.concatenate(list(stored), axis=1)[:, :, None]


def _sequence_cases():
    rng = np.random.default_rng(65)
    return [(np.arange(24.0).reshape(2, 3, 4),), (rng.normal(size=(3, 5, 7)),)]


STEP = Exercise(
    key="06.2",
    task="one step of an LSTM in Keras's layout",
    reference=lstm_step,
    second=step_by_columns,
    mistakes=(
        Mistake(_order_ifog, "Keras's columns are i, f, g, o. You took the last two in the other "
                "order; other books have that order."),
        Mistake(_order_figo, "Input gate first, then forget gate: i, f, g, o."),
        Mistake(_tanh_gates, "Sigmoid and tanh are exchanged: a gate lies between 0 and 1."),
        Mistake(_sigmoid_candidate, "The candidate may be negative: it is a tanh, not a gate."),
        Mistake(_plain_cell_shown, "The new c looks right. What happens to it before o?"),
        Mistake(_old_cell_shown, "h shows the cell as it is now, after forgetting and writing."),
        Mistake(_no_recurrent_term, "The state of the step before goes into all four: h @ U."),
        Mistake(_no_bias, "Add the bias b to all four arguments."),
        Mistake(_nothing_forgotten, "Your c only grows. Which gate multiplies the old one?"),
        Mistake(_forgets_by_input_gate, "You forget by 1 - i. The forget gate has weights of its "
                "own. (1 - i is how a GRU does it.)"),
        Mistake(_other_way_round, "Right numbers, other order: first h, then c."),
        Mistake(_state_only, "The next step needs both: return h and c."),
    ),
    hints=(
        "Compute x @ W + h @ U + b once, then cut its columns into four blocks of equal width.",
        "i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=1); sigmoid on i, f and o, tanh on g.",
        "c = f * c + i * g, then h = o * np.tanh(c).",
    ),
    cases=_step_cases,
)  # fmt: skip

SEQUENCES = Exercise(
    key="06.5",
    task="stored leads to the three axes that an LSTM reads",
    reference=sequences,
    second=sequences_by_stack,
    mistakes=(
        Mistake(_reshaped, "The shape is right and the numbers are shuffled: reshape keeps the "
                "order in memory. The axes have to change places."),
        Mistake(_leads_before_time, "Your second axis holds the leads. Time comes second, "
                "features last."),
        Mistake(_time_before_windows, "Your first axis is time. Windows come first."),
        Mistake(_left_as_it_is, "The three axes are there, in the order leads, windows, samples. "
                "Keras would take each lead for a window."),
        Mistake(_first_lead_only, "Where are the other leads?"),
        Mistake(_flattened, "Two axes: this is what the error message above is about."),
        Mistake(_leads_in_a_row, "You put the leads one after the other in time. They happened at "
                "the same time, so they are features of one step."),
    ),
    hints=(
        "The new order of the axes is windows, samples, leads. No number may change its company.",
        "np.transpose or np.moveaxis change the order of axes: which old axis goes where?",
    ),
    cases=_sequence_cases,
)  # fmt: skip

WEIGHTS = Exercise(
    key="06.1",
    task="number of weights of an LSTM",
    reference=10_400,
    second=4 * (50 * (1 + 50) + 50),
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

EXERCISES = (WEIGHTS, STEP, *MEMORY, SEQUENCES)
