import numpy as np


def kernel_gradients_by_number(dy, inputs, kernels):
    found = [None] * len(kernels)
    for k in range(len(kernels) - 1, -1, -1):
        found[k] = np.einsum("ni,no->io", inputs[k], dy)
        dy = np.einsum("no,io->ni", dy, kernels[k])
    return found


def relative_error_of_both(a, n):
    both = np.concatenate([np.ravel(a), np.ravel(n)])
    if not np.any(both):
        return 0.0
    return np.linalg.norm(np.ravel(a - n), np.inf) / np.linalg.norm(both, np.inf)


def adam_step_as_keras(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m = m + (1 - b1) * (g - m)
    v = v + (1 - b2) * (g * g - v)
    rate = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    return w - rate * m / (np.sqrt(v) + eps), m, v


def batches_by_split(x, y, order, size):
    pieces = np.split(np.asarray(order), range(size, len(order), size))
    return [(np.take(x, rows, axis=0), np.take(y, rows)) for rows in pieces]


SECOND = {
    "WEIGHTS_IN_ALL": (9 + 1) * 12 + (12 * 9 + 1) * 24 + (8 * 8 * 24 + 1) * 10,
    "KERNEL_GRADIENTS": kernel_gradients_by_number,
    "RELATIVE_ERROR": relative_error_of_both,
    "ADAM_STEP": adam_step_as_keras,
    "BATCHES": batches_by_split,
}
