import numpy as np


def percentiles_by_quantile(seconds, warm_up):
    return tuple(1000 * np.quantile(seconds[warm_up:], [0.5, 0.99]))


def scale_and_zero_from_the_top(low, high):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = high / 255 - low / 255
    return scale, int(np.rint(127 - high / scale))


def to_int8_with_minimum(x, scale, zero):
    q = np.floor(np.asarray(x, float) / scale + 0.5) + zero
    return np.maximum(np.minimum(q, 127), -128)


def int8_dot_by_parts(qx, zero_x, scale_x, qw, scale_w):
    products = int(np.dot(qx.astype(np.int64), qw.astype(np.int64)))
    return (products - zero_x * int(qw.astype(np.int64).sum())) * (scale_x * scale_w)


def push_in_place(memory, chunk):
    new = memory.copy()
    chunk = chunk[-len(memory) :]
    if len(chunk):
        new[: len(new) - len(chunk)] = memory[len(chunk) :]
        new[len(new) - len(chunk) :] = chunk
    return new


SECOND = {
    "MEDIAN_AND_P99": percentiles_by_quantile,
    "SCALE_AND_ZERO": scale_and_zero_from_the_top,
    "TO_INT8": to_int8_with_minimum,
    "INT8_DOT": int8_dot_by_parts,
    "PUSH": push_in_place,
}
