"""Exercises of lesson 02, pooling."""

import numpy as np

from medtutor.exercises._lesson_02_gradients import GRADIENTS
from medtutor.exercises.engine import Exercise, Mistake


def max_pool(x, k, s):
    down, across = (x.shape[0] - k) // s + 1, (x.shape[1] - k) // s + 1
    y = np.empty((down, across))
    for i in range(down):
        for j in range(across):
            y[i, j] = x[i * s : i * s + k, j * s : j * s + k].max()
    return y


def max_pool_from_windows(x, k, s):
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k))
    return windows[::s, ::s].max(axis=(2, 3))


def _never_below_zero(x, k, s):
    return np.maximum(max_pool(x, k, s), 0)


def _mean_instead(x, k, s):
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k))
    return windows[::s, ::s].mean(axis=(2, 3))


def _largest_size(x, k, s):
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k))
    return np.abs(windows[::s, ::s]).max(axis=(2, 3))


def _step_is_size(x, k, s):
    return max_pool(x, k, k)


def _step_of_one(x, k, s):
    return max_pool(x, k, 1)


def _one_short(x, k, s):
    return max_pool(x, k, s)[:-1, :-1]


def _max_cases():
    rng = np.random.default_rng(22)
    draw = lambda *shape: rng.integers(-9, 4, shape).astype(float)  # noqa: E731
    return [(draw(4, 6), 2, 2), (draw(7, 7), 3, 2), (draw(6, 5), 2, 1), (draw(9, 9) - 9, 3, 3)]


def average_pool(x, k, s, pad):
    padded = np.pad(x, pad, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.nanmean(windows[::s, ::s], axis=(2, 3))


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


def _padding_counted(x, k, s, pad):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, pad), (k, k))
    return windows[::s, ::s].mean(axis=(2, 3))


def _no_padding(x, k, s, pad):
    return average_pool(x, k, s, 0)


def _border_repeated(x, k, s, pad):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, pad, mode="edge"), (k, k))
    return windows[::s, ::s].mean(axis=(2, 3))


def _sum_not_mean(x, k, s, pad):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, pad), (k, k))
    return windows[::s, ::s].sum(axis=(2, 3))


def _zeros_not_counted(x, k, s, pad):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, pad), (k, k))[::s, ::s]
    return windows.sum(axis=(2, 3)) / np.maximum((windows != 0).sum(axis=(2, 3)), 1)


def _average_cases():
    rng = np.random.default_rng(23)
    draw = lambda *shape: rng.integers(-9, 10, shape).astype(float)  # noqa: E731
    some_zeros = np.array([[0, 4, 0, 2], [6, 0, 0, 0], [1, 1, 8, 0], [0, 3, 0, 0]], float)
    return [(draw(4, 4), 2, 2, 1), (draw(5, 6), 3, 2, 1), (some_zeros, 2, 2, 1),
            (draw(4, 5), 2, 1, 0)]  # fmt: skip


def global_average(x):
    return x.mean(axis=(1, 2))


def global_average_by_sums(x):
    n, height, width, channels = x.shape
    return x.reshape(n, height * width, channels).sum(axis=1) / (height * width)


def _over_channels_too(x):
    return x.mean(axis=(1, 2, 3))


def _over_the_batch(x):
    return x.mean(axis=(0, 1, 2))


def _channels_first(x):
    return x.mean(axis=(2, 3))


def _axes_kept(x):
    return x.mean(axis=(1, 2), keepdims=True)


def _global_maximum(x):
    return x.max(axis=(1, 2))


def _global_cases():
    rng = np.random.default_rng(26)
    return [(rng.normal(size=shape),) for shape in ((2, 3, 4, 5), (1, 6, 6, 2), (3, 2, 2, 3))]


EXERCISES = (
    Exercise(
        key="02.1",
        task="the output size of a pooling",
        reference=(27, 28),
        second=np.array([27, 28]),
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
    ),
    Exercise(
        key="02.2",
        task="max pooling",
        reference=max_pool,
        second=max_pool_from_windows,
        mistakes=(
            Mistake(
                _never_below_zero,
                "In a window of negative numbers your result is 0. Did a comparison start from "
                "zeros? On CT nearly all of the lung is negative.",
            ),
            Mistake(_mean_instead, "That is average pooling."),
            Mistake(_largest_size, "The largest value, not the largest absolute value."),
            Mistake(_step_is_size, "The window moves by s, which need not be its size k."),
            Mistake(_step_of_one, "Your window moves by one pixel, whatever the stride."),
            Mistake(_one_short, "The last row and column of places are missing."),
        ),
        hints=(
            "Change the inside of the loop that you know from lesson 01: what is kept of a window?",
            "y[i, j] is the maximum of x[i * s : i * s + k, j * s : j * s + k].",
        ),
        cases=_max_cases,
    ),
    Exercise(
        key="02.3",
        task="average pooling with padding left out of the mean",
        reference=average_pool,
        second=average_pool_by_counting,
        mistakes=(
            Mistake(
                _padding_counted,
                "In the corner one pixel of the image is alone with padding. What is the mean of "
                "one number?",
            ),
            Mistake(_no_padding, "Windows that hang over the border are missing."),
            Mistake(
                _border_repeated,
                "You fill the border with copies, so that border pixels count several times.",
            ),
            Mistake(_sum_not_mean, "A sum was not asked for."),
            Mistake(
                _zeros_not_counted,
                "A pixel of the image may be 0 and still counts. How else can you tell padding "
                "from image?",
            ),
        ),
        hints=(
            "For each window you need two things: the sum of its pixels, and how many of them lie "
            "on the image.",
            "Pad a copy full of ones in the same way; its window sums are the counts. Or pad with "
            "NaN and use np.nanmean.",
        ),
        cases=_average_cases,
    ),
    *GRADIENTS,
    Exercise(
        key="02.6",
        task="global average pooling",
        reference=global_average,
        second=global_average_by_sums,
        mistakes=(
            Mistake(_over_channels_too, "Channels mean different things. Keep them apart."),
            Mistake(_over_the_batch, "You have mixed the images of the batch."),
            Mistake(
                _channels_first,
                "You have averaged over axes 2 and 3. In this course channels come last.",
            ),
            Mistake(_axes_kept, "The two axes of the image should be gone: (n, channels)."),
            Mistake(_global_maximum, "That is global max pooling."),
        ),
        hints=(
            "The axes are batch, height, width, channels. Which two are averaged?",
            "x.mean takes a pair of axes.",
        ),
        cases=_global_cases,
    ),
)
