"""Exercises of lesson 01 on gradients."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def kernel_gradient(dy, x):
    rows, columns = x.shape[1] - dy.shape[1] + 1, x.shape[2] - dy.shape[2] + 1
    dk = np.zeros((rows, columns))
    for p in range(rows):
        for q in range(columns):
            dk[p, q] = np.sum(dy * x[:, p : p + dy.shape[1], q : q + dy.shape[2]])
    return dk


def kernel_gradient_einsum(dy, x):
    windows = np.lib.stride_tricks.sliding_window_view(x, dy.shape[1:], axis=(1, 2))
    return np.einsum("nij,npqij->pq", dy, windows)


def _batch_left(dy, x):
    return np.stack([kernel_gradient(dy[[n]], x[[n]]) for n in range(len(x))])


def _mean_of_batch(dy, x):
    return kernel_gradient(dy, x) / len(x)


def _first_image_only(dy, x):
    return kernel_gradient(dy[:1], x[:1])


def _mean_of_places(dy, x):
    return kernel_gradient(dy, x) / dy[0].size


def _gradient_turned(dy, x):
    return kernel_gradient(dy, x)[::-1, ::-1]


def _outputs_forgotten(dy, x):
    return kernel_gradient(np.ones_like(dy), x)


def _last_batch_wins(dy, x):
    return kernel_gradient(dy[-1:], x[-1:])


def _kernel_gradient_cases():
    rng = np.random.default_rng(15)
    draw = lambda *shape: rng.integers(-3, 4, shape).astype(float)  # noqa: E731
    return [(draw(1, 2, 2), draw(1, 4, 4)), (draw(3, 4, 3), draw(3, 6, 5)),
            (draw(2, 5, 5), draw(2, 7, 6))]  # fmt: skip


def image_gradient(dy, k):
    down, across = dy.shape
    dx = np.zeros((down + k.shape[0] - 1, across + k.shape[1] - 1))
    for p in range(k.shape[0]):
        for q in range(k.shape[1]):
            dx[p : p + down, q : q + across] += k[p, q] * dy
    return dx


def image_gradient_by_sliding(dy, k):
    rows, columns = k.shape
    padded = np.pad(dy, [(rows - 1, rows - 1), (columns - 1, columns - 1)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, k.shape)
    return np.sum(windows * k[::-1, ::-1], axis=(2, 3))


def _overwritten(dy, k):
    down, across = dy.shape
    dx = np.zeros((down + k.shape[0] - 1, across + k.shape[1] - 1))
    for p in range(k.shape[0]):
        for q in range(k.shape[1]):
            dx[p : p + down, q : q + across] = k[p, q] * dy
    return dx


def _kernel_not_turned(dy, k):
    return image_gradient(dy, k[::-1, ::-1])


def _same_size_as_dy(dy, k):
    dx = image_gradient(dy, k)
    return dx[k.shape[0] // 2 :, k.shape[1] // 2 :][: dy.shape[0], : dy.shape[1]]


def _kernel_forgotten(dy, k):
    return image_gradient(dy, np.ones_like(k))


def _taps_averaged(dy, k):
    return image_gradient(dy, k) / k.size


def _image_gradient_cases():
    rng = np.random.default_rng(16)
    draw = lambda *shape: rng.integers(-3, 4, shape).astype(float)  # noqa: E731
    return [(draw(2, 2), draw(3, 3)), (draw(4, 3), draw(2, 3)), (draw(5, 5), draw(3, 3))]


GRADIENTS = (
    Exercise(
        key="01.6",
        task="the gradient of the kernel, for a batch",
        reference=kernel_gradient,
        second=kernel_gradient_einsum,
        mistakes=(
            Mistake(
                _batch_left,
                "There is one kernel for all images, so there is one gradient. What happens to "
                "the contributions of several images?",
            ),
            Mistake(
                _mean_of_batch,
                "A sum over the batch, not a mean: if the loss is a mean, dy already holds the "
                "division.",
            ),
            Mistake(_first_image_only, "Your result does not change with the second image."),
            Mistake(_last_batch_wins, "Each image overwrites what the ones before it gave."),
            Mistake(_mean_of_places, "The formula sums over the places i, j."),
            Mistake(_gradient_turned, "The kernel was not turned on the way forward, either."),
            Mistake(_outputs_forgotten, "Your result does not depend on dy."),
        ),
        hints=(
            "For one image it is a convolution of x with dy. Then think of the batch.",
            "dk[p, q] is the sum of dy * x[:, p : p + rows of dy, q : q + columns of dy], over "
            "everything.",
        ),
        cases=_kernel_gradient_cases,
    ),
    Exercise(
        key="01.7",
        task="the gradient of the image",
        reference=image_gradient,
        second=image_gradient_by_sliding,
        mistakes=(
            Mistake(
                _overwritten,
                "A pixel is in several windows, and each has something to say. Does the last one "
                "overwrite the others?",
            ),
            Mistake(
                _kernel_not_turned,
                "Output i, j met pixel i + p, j + q with weight k[p, q]. Hand its gradient back "
                "with the same weight, to the same pixel.",
            ),
            Mistake(
                _same_size_as_dy,
                "Every pixel of the image gets a gradient; the result is larger than dy.",
            ),
            Mistake(_kernel_forgotten, "Your result does not depend on the kernel."),
            Mistake(_taps_averaged, "The windows' shares are summed, not averaged."),
        ),
        hints=(
            "Walk over the taps p, q of the kernel as the vectorised convolution does, but write "
            "to dx instead of reading from x.",
            "dx[p : p + rows of dy, q : q + columns of dy] += k[p, q] * dy",
        ),
        cases=_image_gradient_cases,
    ),
)
