import numpy as np


def _sigma(a):
    return (1 + np.tanh(a / 2)) / 2


def step_by_columns(x, h, c, W, U, b):
    n = U.shape[0]
    a = np.concatenate([x, h], axis=1) @ np.concatenate([W, U]) + b
    gate = {name: a[:, k * n : (k + 1) * n] for k, name in enumerate("ifgo")}
    new = _sigma(gate["f"]) * c + _sigma(gate["i"]) * np.tanh(gate["g"])
    return _sigma(gate["o"]) * np.tanh(new), new


def belt_by_cumprod(i, f):
    after = np.concatenate([f[1:], np.ones((1, f.shape[1]))])
    return np.cumprod(after[::-1], axis=0)[::-1]


def half_life_in_base_two(f):
    return -1 / np.log2(f)


def sequences_by_stack(stored):
    return np.stack(list(stored), axis=-1)


SECOND = {
    "WEIGHTS": 4 * (50 * (1 + 50) + 50),
    "LSTM_STEP": step_by_columns,
    "BELT": belt_by_cumprod,
    "HALF_LIFE": half_life_in_base_two,
    "SEQUENCES": sequences_by_stack,
}
