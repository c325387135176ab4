"""Exercises of lesson 02 on gradients; `lesson_02` has the others."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def average_backward(dy, shape, k, s):
    dx = np.zeros(shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            dx[i * s : i * s + k, j * s : j * s + k] += dy[i, j] / k**2
    return dx


def average_backward_by_taps(dy, shape, k, s):
    dx = np.zeros(shape)
    down, across = (dy.shape[0] - 1) * s + 1, (dy.shape[1] - 1) * s + 1
    for p in range(k):
        for q in range(k):
            dx[p : p + down : s, q : q + across : s] += dy / (k * k)
    return dx


def _not_shared(dy, shape, k, s):
    return average_backward(dy, shape, k, s) * k**2


def _shared_by_side(dy, shape, k, s):
    return average_backward(dy, shape, k, s) * k


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


def _stride_is_size(dy, shape, k, s):
    dx = np.zeros(shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            dx[i * k : i * k + k, j * k : j * k + k] += dy[i, j] / k**2
    return dx


def _average_cases():
    rng = np.random.default_rng(24)
    draw = lambda *shape: rng.integers(-4, 5, shape).astype(float)  # noqa: E731
    return [(draw(2, 2), (4, 4), 2, 2), (draw(2, 3), (7, 9), 3, 3), (draw(3, 3), (7, 7), 3, 2),
            (draw(3, 4), (4, 5), 2, 1)]  # fmt: skip


def max_backward(dy, x, k, s):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            window = x[i * s : i * s + k, j * s : j * s + k]
            p, q = np.unravel_index(np.argmax(window), window.shape)
            dx[i * s + p, j * s + q] += dy[i, j]
    return dx


def max_backward_in_one_go(dy, x, k, s):
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k))[::s, ::s]
    best = windows[: dy.shape[0], : dy.shape[1]].reshape(*dy.shape, -1).argmax(axis=-1)
    i, j = np.indices(dy.shape)
    dx = np.zeros(x.shape)
    np.add.at(dx, (i * s + best // k, j * s + best % k), dy)
    return dx


def _each_window(dy, x, k, s, give):
    dx = np.zeros(x.shape)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            here = np.s_[i * s : i * s + k, j * s : j * s + k]
            dx[here] += give(x[here], dy[i, j])
    return dx


def _all_tied(dy, x, k, s):
    return _each_window(dy, x, k, s, lambda w, d: d * (w == w.max()))


def _shared_among_tied(dy, x, k, s):
    return _each_window(dy, x, k, s, lambda w, d: d * (w == w.max()) / np.sum(w == w.max()))


def _all_pixels(dy, x, k, s):
    return _each_window(dy, x, k, s, lambda w, d: d * np.ones_like(w))


def _like_average(dy, x, k, s):
    return _each_window(dy, x, k, s, lambda w, d: d * np.ones_like(w) / w.size)


def _times_the_value(dy, x, k, s):
    return max_backward(dy, x, k, s) * x


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


def _max_cases():
    rng = np.random.default_rng(25)
    dy = lambda *shape: rng.integers(1, 9, shape).astype(float)  # noqa: E731
    x = lambda *shape: rng.permutation(np.prod(shape)).reshape(shape) - 5.0  # noqa: E731
    tied = np.array([[3, 3, 0, 0], [1, 3, 0, 0], [-2, -1, 5, 4], [-1, -3, 5, 5]], float)
    peak = np.zeros((5, 5))
    peak[2, 2] = 7
    return [(dy(2, 2), x(4, 4), 2, 2), (dy(2, 2), tied, 2, 2), (dy(2, 2), peak, 3, 2),
            (dy(3, 3), x(7, 7), 3, 2)]  # fmt: skip


GRADIENTS = (
    Exercise(
        key="02.4",
        task="the backward pass of average pooling",
        reference=average_backward,
        second=average_backward_by_taps,
        mistakes=(
            Mistake(
                _not_shared,
                "If one pixel rises by 1, by how much does the mean of its window rise?",
            ),
            Mistake(_shared_by_side, "A window of side k has more than k pixels."),
            Mistake(
                _average_overwrites,
                "Where windows overlap, a pixel is in several of them. Does the last overwrite "
                "the others?",
            ),
            Mistake(_to_the_corner, "Every pixel of the window took part in the mean."),
            Mistake(_stride_is_size, "The window moves by s, which need not be its size k."),
        ),
        hints=(
            "Walk over the outputs. To which pixels does output i, j hand its gradient, and how "
            "much to each?",
            "dx[i * s : i * s + k, j * s : j * s + k] += dy[i, j] / k**2",
        ),
        cases=_average_cases,
    ),
    Exercise(
        key="02.5",
        task="the backward pass of max pooling",
        reference=max_backward,
        second=max_backward_in_one_go,
        mistakes=(
            Mistake(
                _all_tied,
                "Where several pixels tie, you hand out the gradient more than once. The first "
                "one gets it.",
            ),
            Mistake(
                _shared_among_tied,
                "Sharing among tied pixels is a fair idea, but not the rule asked for: the first "
                "one gets all.",
            ),
            Mistake(_all_pixels, "Only the pixel that won decides the maximum."),
            Mistake(_like_average, "That is the gradient of the mean."),
            Mistake(
                _times_the_value,
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
            "p, q = np.unravel_index(np.argmax(window), window.shape), then add dy[i, j] at "
            "row i * s + p, column j * s + q.",
        ),
        cases=_max_cases,
    ),
)
