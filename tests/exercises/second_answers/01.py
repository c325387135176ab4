import numpy as np


def true_convolution_by_taps(x, k):
    rows, columns = k.shape
    down, across = x.shape[0] - rows + 1, x.shape[1] - columns + 1
    y = np.zeros((down, across))
    for p in range(rows):
        for q in range(columns):
            top, left = rows - 1 - p, columns - 1 - q
            y += k[p, q] * x[top : top + down, left : left + across]
    return y


def places_by_walking(n, k, before, after, s, d):
    last_tap = -before + d * (k - 1)
    count = 0
    while last_tap < n + after:
        count += 1
        last_tap += s
    return count


def strided_by_leaving_out(x, k, s):
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape)
    return np.sum(windows * k, axis=(2, 3))[:: s[0], :: s[1]]


def kernel_gradient_einsum(dy, x):
    windows = np.lib.stride_tricks.sliding_window_view(x, dy.shape[1:], axis=(1, 2))
    return np.einsum("nij,npqij->pq", dy, windows)


def image_gradient_by_sliding(dy, k):
    rows, columns = k.shape
    padded = np.pad(dy, [(rows - 1, rows - 1), (columns - 1, columns - 1)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, k.shape)
    return np.sum(windows * k[::-1, ::-1], axis=(2, 3))


SECOND = {
    "BY_HAND": np.array([[3.0, 6.0], [0.0, 6.0]]),
    "TRUE_CONVOLUTION": true_convolution_by_taps,
    "PLACES": places_by_walking,
    "STRIDED": strided_by_leaving_out,
    "WEIGHTS": 16 * (5 * 5 * 3 + 1),
    "KERNEL_GRADIENT": kernel_gradient_einsum,
    "IMAGE_GRADIENT": image_gradient_by_sliding,
}
