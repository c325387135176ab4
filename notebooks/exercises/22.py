"""Exercises: choosing a framework."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def typical_step(seconds, warm_up):
    return 1000 * np.median(seconds[warm_up:])


TYPICAL_STEP = Exercise(
    task="Milliseconds of a typical step, warm-up left out.",
    reference=typical_step,
    mistakes=(
        Mistake(
            lambda seconds, warm_up: 1000 * np.mean(seconds[warm_up:]),
            "One interrupted step pulls the mean. What sits in the middle?",
        ),
        Mistake(
            lambda seconds, warm_up: 1000 * np.median(seconds),
            "The first steps compile. Leave `warm_up` of them out.",
        ),
        Mistake(
            lambda seconds, warm_up: np.median(seconds[warm_up:]),
            "The times are in seconds, the answer is in milliseconds.",
        ),
        Mistake(
            lambda seconds, warm_up: 1000 * np.median(seconds[: len(seconds) - warm_up]),
            "The warm-up is at the beginning, not at the end.",
        ),
        Mistake(
            lambda seconds, warm_up: 1000 * np.min(seconds[warm_up:]),
            "The fastest step is a lucky one. A typical one is asked for.",
        ),
    ),
    hints=(
        "Slice the warm-up off first.",
        "Then take the median, and multiply by 1000.",
    ),
    cases=lambda: [
        (np.array([2.0, 0.011, 0.012, 0.010, 0.250, 0.011]), 1),
        (np.array([0.9, 0.4, 0.020, 0.021, 0.023, 0.090, 0.022, 0.024]), 2),
    ],
)


def from_caffe(kernel):
    return np.transpose(kernel, (2, 3, 1, 0))


def _reshaped(kernel):
    filters, channels, height, width = kernel.shape
    return kernel.reshape(height, width, channels, filters)


def _kernel_cases():
    rng = np.random.default_rng(192)
    return [(rng.normal(size=(2, 3, 3, 5)),), (rng.normal(size=(4, 1, 3, 3)),)]


FROM_CAFFE = Exercise(
    task="Bring a convolution kernel from Caffe's layout to Keras's.",
    reference=from_caffe,
    mistakes=(
        Mistake(
            _reshaped,
            "A reshape keeps the order of the numbers and mixes up whose they are. Axes have to "
            "be swapped.",
        ),
        Mistake(
            lambda kernel: np.transpose(kernel, (2, 3, 0, 1)),
            "Height and width are right. Keras has the channels that come in before the filters.",
        ),
        Mistake(
            lambda kernel: kernel.T, "`.T` turns all axes round, so height and width are swapped."
        ),
        Mistake(
            lambda kernel: from_caffe(kernel[:, :, ::-1, ::-1]),
            "Both libraries slide the kernel without flipping it (lesson 01). Leave it so.",
        ),
    ),
    hints=(
        "Write the letters of both layouts below each other: (f, c, h, w) and (h, w, c, f).",
        "`np.transpose(kernel, order)` takes, for each new axis, the number of the old one.",
    ),
    cases=_kernel_cases,
)


def pooled(n, k, s):
    return int(np.ceil((n - k) / s)) + 1


POOLED = Exercise(
    task="Output size of Caffe's pooling, which rounds up.",
    reference=pooled,
    mistakes=(
        Mistake(
            lambda n, k, s: (n - k) // s + 1,
            "That is Keras's `valid`, which rounds down (lesson 02).",
        ),
        Mistake(
            lambda n, k, s: int(np.ceil((n - k) / s)),
            "The first window stands there before any step is taken.",
        ),
        Mistake(
            lambda n, k, s: -(-n // s),
            "That is Keras's `same`. It pads; here the window's size counts.",
        ),
        Mistake(lambda n, k, s: n - k + 1, "The window moves on by `s`, not by one."),
    ),
    hints=(
        "How many steps of `s` are needed until the window reaches the last pixel?",
        "(n - k) / s rounded up, and the first window besides.",
    ),
    cases=lambda: [(28, 2, 2), (27, 2, 2), (55, 3, 2), (224, 3, 2), (10, 4, 3), (13, 3, 1)],
)


def dense_from_caffe(w, channels, height, width):
    image = w.reshape(len(w), channels, height, width)
    return image.transpose(2, 3, 1, 0).reshape(height * width * channels, len(w))


def _wrong_shape_first(w, channels, height, width):
    image = w.reshape(len(w), height, width, channels)
    return image.transpose(2, 3, 1, 0).reshape(height * width * channels, len(w))


def _columns_before_rows(w, channels, height, width):
    image = w.reshape(len(w), channels, height, width)
    return image.transpose(3, 2, 1, 0).reshape(height * width * channels, len(w))


def _dense_cases():
    rng = np.random.default_rng(194)
    return [(rng.normal(size=(5, 24)), 2, 3, 4), (rng.normal(size=(2, 27)), 3, 3, 3)]


DENSE_FROM_CAFFE = Exercise(
    task="Bring a dense layer that follows a flattened image from Caffe to Keras.",
    reference=dense_from_caffe,
    mistakes=(
        Mistake(
            lambda w, channels, height, width: w.T,
            "The shape is right. But Caffe flattens channel by channel, Keras pixel by pixel: "
            "the rows are in another order.",
        ),
        Mistake(
            lambda w, channels, height, width: dense_from_caffe(w, channels, height, width).T,
            "Keras has a row for each input and a column for each unit.",
        ),
        Mistake(
            _wrong_shape_first,
            "Unfold each row of `w` in the order in which Caffe has flattened it: channels, "
            "height, width.",
        ),
        Mistake(
            _columns_before_rows,
            "Keras walks along a row of the image before it goes to the next: height, then width.",
        ),
    ),
    hints=(
        "Unfold: `w.reshape(units, channels, height, width)`.",
        "Then transpose to (height, width, channels, units), and flatten the first three.",
    ),
    cases=_dense_cases,
)
