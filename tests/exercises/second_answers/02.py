import numpy as np


def max_pool_from_windows(x, k, s):
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k))
    return windows[::s, ::s].max(axis=(2, 3))


def average_pool_by_counting(x, k, s, pad):
    def window_sums(image):
        image = np.pad(image, pad)
        down, across = (image.shape[0] - k) // s + 1, (image.shape[1] - k) // s + 1
        y = np.zeros((down, across))
        for i in range(down):
            for j in range(across):
                y[i, j] = image[i * s : i * s + k, j * s : j * s + k].sum()
        return y

    return window_sums(x) / window_sums(np.ones(x.shape))


def average_backward_by_taps(dy, shape, k, s):
    dx = np.zeros(shape)
    down, across = (dy.shape[0] - 1) * s + 1, (dy.shape[1] - 1) * s + 1
    for p in range(k):
        for q in range(k):
            dx[p : p + down : s, q : q + across : s] += dy / (k * k)
    return dx


def max_backward_in_one_go(dy, x, k, s):
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k))[::s, ::s]
    best = windows[: dy.shape[0], : dy.shape[1]].reshape(*dy.shape, -1).argmax(axis=-1)
    i, j = np.indices(dy.shape)
    dx = np.zeros(x.shape)
    np.add.at(dx, (i * s + best // k, j * s + best % k), dy)
    return dx


def global_average_by_sums(x):
    n, height, width, channels = x.shape
    return x.reshape(n, height * width, channels).sum(axis=1) / (height * width)


SECOND = {
    "ROWS": np.array([27, 28]),
    "MAX_POOL": max_pool_from_windows,
    "AVERAGE_POOL": average_pool_by_counting,
    "AVERAGE_BACKWARD": average_backward_by_taps,
    "MAX_BACKWARD": max_backward_in_one_go,
    "GLOBAL_AVERAGE": global_average_by_sums,
}
