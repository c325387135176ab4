"""Exercises: pooling."""

import numpy as np

from medtutor.exercises import Exercise, Mistake

ROWS = Exercise(
    task="the output size of a pooling",
    reference=(27, 28),
    mistakes=(
        Mistake(
            (28, 28),
            "Where does the 28th window of the valid pooling begin, and where does it end?",
        ),
        Mistake((27, 27), '"same" rounds n / s up: it adds padding until every pixel counts.'),
        Mistake((18, 19), "The stride was stated: it is not the size of the window here."),
        Mistake((54, 56), "That is for a stride of 1."),
        Mistake((26, 28), "The place where the window starts counts as well."),
        Mistake((28, 27), "Two right numbers in the wrong order: valid first."),
    ),
    hints=(
        "The rule is that of convolution, with no dilation.",
        "valid: (56 - 3) // 2 + 1. same: 56 / 2, rounded up.",
    ),
)


def _draw(seed, low, high):
    rng = np.random.default_rng(seed)
    return lambda *shape: rng.integers(low, high, shape).astype(float)


def max_pool(x, k, s):
    down, across = (x.shape[0] - k) // s + 1, (x.shape[1] - k) // s + 1
    y = np.empty((down, across))
    for i in range(down):
        for j in range(across):
            y[i, j] = x[i * s : i * s + k, j * s : j * s + k].max()
    return y


def _windows(x, k, s):
    return np.lib.stride_tricks.sliding_window_view(x, (k, k))[::s, ::s]


def _max_cases():
    draw = _draw(22, -9, 4)
    return [(draw(4, 6), 2, 2), (draw(7, 7), 3, 2), (draw(6, 5), 2, 1), (draw(9, 9) - 9, 3, 3)]


MAX_POOL = Exercise(
    task="max pooling",
    reference=max_pool,
    mistakes=(
        Mistake(
            lambda x, k, s: np.maximum(max_pool(x, k, s), 0),
            "In a window of negative numbers your result is 0. Did a comparison start from "
            "zeros? On CT nearly all of the lung is negative.",
        ),
        Mistake(lambda x, k, s: _windows(x, k, s).mean(axis=(2, 3)), "That is average pooling."),
        Mistake(
            lambda x, k, s: np.abs(_windows(x, k, s)).max(axis=(2, 3)),
            "The largest value, not the largest absolute value.",
        ),
        Mistake(
            lambda x, k, s: max_pool(x, k, k),
            "The window moves by s, which need not be its size k.",
        ),
        Mistake(
            lambda x, k, s: max_pool(x, k, 1),
            "Your window moves by one pixel, whatever the stride.",
        ),
        Mistake(
            lambda x, k, s: max_pool(x, k, s)[:-1, :-1],
            "The last row and column of places are missing.",
        ),
    ),
    hints=(
        "Change the inside of the loop that you know from lesson 01: what is kept of a window?",
        "y[i, j] is the maximum of x[i * s : i * s + k, j * s : j * s + k].",
    ),
    cases=_max_cases,
)


def average_pool_padded(x, k, s, pad):
    padded = np.pad(x, pad, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.nanmean(windows[::s, ::s], axis=(2, 3))


def _zeros_not_counted(x, k, s, pad):
    windows = _windows(np.pad(x, pad), k, s)
    return windows.sum(axis=(2, 3)) / (windows != 0).sum(axis=(2, 3))


def _average_cases():
    draw = _draw(23, -9, 10)
    some_zeros = np.array([[0, 4, 0, 2], [6, 0, 0, 0], [1, 1, 8, 0], [0, 3, 0, 0]], float)
    return [
        (draw(4, 4), 2, 2, 1),
        (draw(5, 6), 3, 2, 1),
        (some_zeros, 2, 2, 1),
        (draw(4, 5), 2, 1, 0),
    ]


AVERAGE_POOL = Exercise(
    task="average pooling with padding left out of the mean",
    reference=average_pool_padded,
    mistakes=(
        Mistake(
            lambda x, k, s, pad: _windows(np.pad(x, pad), k, s).mean(axis=(2, 3)),
            "In the corner one pixel of the image is alone with padding. What is the mean of one "
            "number?",
        ),
        Mistake(
            lambda x, k, s, pad: average_pool_padded(x, k, s, 0),
            "Windows that hang over the border are missing.",
        ),
        Mistake(
            lambda x, k, s, pad: _windows(np.pad(x, pad, mode="edge"), k, s).mean(axis=(2, 3)),
            "You fill the border with copies, so that border pixels count several times.",
        ),
        Mistake(
            lambda x, k, s, pad: _windows(np.pad(x, pad), k, s).sum(axis=(2, 3)),
            "A sum was not asked for.",
        ),
        Mistake(
            _zeros_not_counted,
            "A pixel of the image may be 0 and still counts. How else can you tell padding from "
            "image?",
        ),
    ),
    hints=(
        "For each window you need two things: the sum of its pixels, and how many of them lie on "
        "the image.",
        "Pad a copy full of ones in the same way; its window sums are the counts. Or pad with "
        "NaN and use np.nanmean.",
    ),
    cases=_average_cases,
)


def average_backward(dy, shape, k, s):
    dx = np.zeros(shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            dx[i * s : i * s + k, j * s : j * s + k] += dy[i, j] / k**2
    return dx


def _average_overwrites(dy, shape, k, s):
    dx = np.zeros(shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            dx[i * s : i * s + k, j * s : j * s + k] = dy[i, j] / k**2
    return dx


def _to_the_corner(dy, shape, k, s):
    dx = np.zeros(shape)
    dx[: dy.shape[0] * s : s, : dy.shape[1] * s : s] = dy
    return dx


def _average_backward_cases():
    draw = _draw(24, -4, 5)
    return [
        (draw(2, 2), (4, 4), 2, 2),
        (draw(2, 3), (7, 9), 3, 3),
        (draw(3, 3), (7, 7), 3, 2),
        (draw(3, 4), (4, 5), 2, 1),
    ]


AVERAGE_BACKWARD = Exercise(
    task="the backward pass of average pooling",
    reference=average_backward,
    mistakes=(
        Mistake(
            lambda dy, shape, k, s: average_backward(dy, shape, k, s) * k**2,
            "If one pixel rises by 1, by how much does the mean of its window rise?",
        ),
        Mistake(
            lambda dy, shape, k, s: average_backward(dy, shape, k, s) * k,
            "A window of side k has more than k pixels.",
        ),
        Mistake(
            _average_overwrites,
            "Where windows overlap, a pixel is in several of them. Does the last overwrite the "
            "others?",
        ),
        Mistake(_to_the_corner, "Every pixel of the window took part in the mean."),
        Mistake(
            lambda dy, shape, k, s: average_backward(dy, shape, k, k),
            "The window moves by s, which need not be its size k.",
        ),
    ),
    hints=(
        "Walk over the outputs. To which pixels does output i, j hand its gradient, and how much "
        "to each?",
        "dx[i * s : i * s + k, j * s : j * s + k] += dy[i, j] / k**2",
    ),
    cases=_average_backward_cases,
)


def max_backward(dy, x, k, s):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            window = x[i * s : i * s + k, j * s : j * s + k]
            p, q = np.unravel_index(np.argmax(window), window.shape)
            dx[i * s + p, j * s + q] += dy[i, j]
    return dx


def _each_window(dy, x, k, s, give):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            here = np.s_[i * s : i * s + k, j * s : j * s + k]
            dx[here] += give(x[here], dy[i, j])
    return dx


def _max_overwrites(dy, x, k, s):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            window = x[i * s : i * s + k, j * s : j * s + k]
            p, q = np.unravel_index(np.argmax(window), window.shape)
            dx[i * s + p, j * s + q] = dy[i, j]
    return dx


def _place_in_the_window(dy, x, k, s):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            window = x[i * s : i * s + k, j * s : j * s + k]
            p, q = np.unravel_index(np.argmax(window), window.shape)
            dx[p, q] += dy[i, j]
    return dx


def _max_backward_cases():
    rng = np.random.default_rng(25)

    def dy(*shape):
        return rng.integers(1, 9, shape).astype(float)

    def x(*shape):
        return rng.permutation(np.prod(shape)).reshape(shape) - 5.0

    tied = np.array([[3, 3, 0, 0], [1, 3, 0, 0], [-2, -1, 5, 4], [-1, -3, 5, 5]], float)
    peak = np.zeros((5, 5))
    peak[2, 2] = 7
    return [
        (dy(2, 2), x(4, 4), 2, 2),
        (dy(2, 2), tied, 2, 2),
        (dy(2, 2), peak, 3, 2),
        (dy(3, 4), x(7, 9), 3, 2),
    ]


MAX_BACKWARD = Exercise(
    task="the backward pass of max pooling",
    reference=max_backward,
    mistakes=(
        Mistake(
            lambda dy, x, k, s: _each_window(dy, x, k, s, lambda w, d: d * (w == w.max())),
            "Where several pixels tie, you hand out the gradient more than once. The first one "
            "gets it.",
        ),
        Mistake(
            lambda dy, x, k, s: _each_window(
                dy, x, k, s, lambda w, d: d * (w == w.max()) / np.sum(w == w.max())
            ),
            "Sharing among tied pixels is a fair idea, but not the rule asked for: the first one "
            "gets all.",
        ),
        Mistake(
            lambda dy, x, k, s: _each_window(dy, x, k, s, lambda w, d: d),
            "Only the pixel that won decides the maximum.",
        ),
        Mistake(
            lambda dy, x, k, s: _each_window(dy, x, k, s, lambda w, d: d / w.size),
            "That is the gradient of the mean.",
        ),
        Mistake(
            lambda dy, x, k, s: max_backward(dy, x, k, s) * x,
            "If the largest pixel rises by 1, the maximum rises by 1, whatever the value was.",
        ),
        Mistake(
            _max_overwrites,
            "One pixel can win in several windows when they overlap. What does it get then?",
        ),
        Mistake(
            _place_in_the_window,
            "argmax tells the place inside the window. Where in the image is that?",
        ),
    ),
    hints=(
        "Which pixel of the window won? np.argmax counts through the window row by row.",
        "p, q = np.unravel_index(np.argmax(window), window.shape), then add dy[i, j] at row i * "
        "s + p, column j * s + q.",
    ),
    cases=_max_backward_cases,
)


def global_average(x):
    return x.mean(axis=(1, 2))


def _global_cases():
    rng = np.random.default_rng(26)
    return [(rng.normal(size=shape),) for shape in ((2, 3, 4, 5), (1, 6, 6, 2), (3, 2, 2, 3))]


GLOBAL_AVERAGE = Exercise(
    task="global average pooling",
    reference=global_average,
    mistakes=(
        Mistake(
            lambda x: x.mean(axis=(1, 2, 3)), "Channels mean different things. Keep them apart."
        ),
        Mistake(lambda x: x.mean(axis=(0, 1, 2)), "You have mixed the images of the batch."),
        Mistake(
            lambda x: x.mean(axis=(2, 3)),
            "You have averaged over axes 2 and 3. In this course channels come last.",
        ),
        Mistake(
            lambda x: x.mean(axis=(1, 2), keepdims=True),
            "The two axes of the image should be gone: (n, channels).",
        ),
        Mistake(lambda x: x.max(axis=(1, 2)), "That is global max pooling."),
    ),
    hints=(
        "The axes are batch, height, width, channels. Which two are averaged?",
        "x.mean takes a pair of axes.",
    ),
    cases=_global_cases,
)
