"""Exercises of lesson 19, Choosing a framework."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def typical_step(seconds, warm_up):
    return 1000 * np.median(seconds[warm_up:])


def typical_step_by_sorting(seconds, warm_up):
    kept = sorted(list(seconds)[warm_up:])
    middle = len(kept) // 2
    if len(kept) % 2:
        return 1000 * kept[middle]
    return 500 * (kept[middle - 1] + kept[middle])


def _mean_step(seconds, warm_up):
    return 1000 * np.mean(seconds[warm_up:])


def _with_warm_up(seconds, warm_up):
    return 1000 * np.median(seconds)


def _in_seconds(seconds, warm_up):
    return np.median(seconds[warm_up:])


def _last_dropped(seconds, warm_up):
    return 1000 * np.median(seconds[: len(seconds) - warm_up])


def _fastest(seconds, warm_up):
    return 1000 * np.min(seconds[warm_up:])


def _step_cases():
    return [
        (np.array([2.0, 0.011, 0.012, 0.010, 0.250, 0.011]), 1),
        (np.array([0.9, 0.4, 0.020, 0.021, 0.023, 0.090, 0.022, 0.024]), 2),
    ]


def from_caffe(kernel):
    return np.transpose(kernel, (2, 3, 1, 0))


def from_caffe_by_moving(kernel):
    filters, channels, height, width = kernel.shape
    keras_kernel = np.empty((height, width, channels, filters), kernel.dtype)
    for f in range(filters):
        for c in range(channels):
            keras_kernel[:, :, c, f] = kernel[f, c]
    return keras_kernel


def _reshaped(kernel):
    filters, channels, height, width = kernel.shape
    return kernel.reshape(height, width, channels, filters)


def _filters_before_channels(kernel):
    return np.transpose(kernel, (2, 3, 0, 1))


def _upside_down(kernel):
    return kernel.T


def _flipped(kernel):
    return from_caffe(kernel[:, :, ::-1, ::-1])


def _kernel_cases():
    rng = np.random.default_rng(192)
    return [(rng.normal(size=(2, 3, 3, 5)),), (rng.normal(size=(4, 1, 3, 3)),)]


def pooled(n, k, s):
    return int(np.ceil((n - k) / s)) + 1


def pooled_by_walking(n, k, s):
    windows = 1
    while (windows - 1) * s + k < n:
        windows += 1
    return windows


def _rounded_down(n, k, s):
    return (n - k) // s + 1


def _without_the_first(n, k, s):
    return int(np.ceil((n - k) / s))


def _as_same(n, k, s):
    return -(-n // s)


def _as_convolution(n, k, s):
    return n - k + 1


def _pool_cases():
    return [(28, 2, 2), (27, 2, 2), (55, 3, 2), (224, 3, 2), (10, 4, 3), (13, 3, 1)]


def dense_from_caffe(w, channels, height, width):
    image = w.reshape(len(w), channels, height, width)
    return image.transpose(2, 3, 1, 0).reshape(height * width * channels, len(w))


def dense_from_caffe_by_index(w, channels, height, width):
    place = np.arange(channels * height * width).reshape(channels, height, width)
    return w[:, np.moveaxis(place, 0, -1).ravel()].T


def _only_transposed(w, channels, height, width):
    return w.T


def _not_transposed(w, channels, height, width):
    return dense_from_caffe(w, channels, height, width).T


def _wrong_shape_first(w, channels, height, width):
    image = w.reshape(len(w), height, width, channels)
    return image.reshape(len(w), -1).T.copy()[::-1]


def _columns_before_rows(w, channels, height, width):
    image = w.reshape(len(w), channels, height, width)
    return image.transpose(3, 2, 1, 0).reshape(height * width * channels, len(w))


def _dense_cases():
    rng = np.random.default_rng(194)
    return [(rng.normal(size=(5, 24)), 2, 3, 4), (rng.normal(size=(2, 27)), 3, 3, 3)]


EXERCISES = [
    Exercise(
        key="19.1",
        task="Milliseconds of a typical step, warm-up left out.",
        reference=typical_step,
        second=typical_step_by_sorting,
        cases=_step_cases,
        mistakes=[
            Mistake(_mean_step, "One interrupted step pulls the mean. What sits in the middle?"),
            Mistake(_with_warm_up, "The first steps compile. Leave `warm_up` of them out."),
            Mistake(_in_seconds, "The times are in seconds, the answer is in milliseconds."),
            Mistake(_last_dropped, "The warm-up is at the beginning, not at the end."),
            Mistake(_fastest, "The fastest step is a lucky one. A typical one is asked for."),
        ],
        hints=["Slice the warm-up off first.", "Then take the median, and multiply by 1000."],
    ),
    Exercise(
        key="19.2",
        task="Bring a convolution kernel from Caffe's layout to Keras's.",
        reference=from_caffe,
        second=from_caffe_by_moving,
        cases=_kernel_cases,
        mistakes=[
            Mistake(
                _reshaped,
                "A reshape keeps the order of the numbers and mixes up whose they are. Axes have "
                "to be swapped.",
            ),
            Mistake(
                _filters_before_channels,
                "Height and width are right. Keras has the channels that come in before the "
                "filters.",
            ),
            Mistake(_upside_down, "`.T` turns all axes round, so height and width are swapped."),
            Mistake(
                _flipped,
                "Both libraries slide the kernel without flipping it (lesson 01). Leave it so.",
            ),
        ],
        hints=[
            "Write the letters of both layouts below each other: (f, c, h, w) and (h, w, c, f).",
            "`np.transpose(kernel, order)` takes, for each new axis, the number of the old one.",
        ],
    ),
    Exercise(
        key="19.3",
        task="Output size of Caffe's pooling, which rounds up.",
        reference=pooled,
        second=pooled_by_walking,
        cases=_pool_cases,
        mistakes=[
            Mistake(_rounded_down, "That is Keras's `valid`, which rounds down (lesson 02)."),
            Mistake(_without_the_first, "The first window stands there before any step is taken."),
            Mistake(_as_same, "That is Keras's `same`. It pads; here the window's size counts."),
            Mistake(_as_convolution, "The window moves on by `s`, not by one."),
        ],
        hints=[
            "How many steps of `s` are needed until the window reaches the last pixel?",
            "(n - k) / s rounded up, and the first window besides.",
        ],
    ),
    Exercise(
        key="19.4",
        task="Bring a dense layer that follows a flattened image from Caffe to Keras.",
        reference=dense_from_caffe,
        second=dense_from_caffe_by_index,
        cases=_dense_cases,
        mistakes=[
            Mistake(
                _only_transposed,
                "The shape is right. But Caffe flattens channel by channel, Keras pixel by pixel: "
                "the rows are in another order.",
            ),
            Mistake(_not_transposed, "Keras has a row for each input and a column for each unit."),
            Mistake(
                _wrong_shape_first,
                "Unfold each row of `w` in the order in which Caffe has flattened it: channels, "
                "height, width.",
            ),
            Mistake(
                _columns_before_rows,
                "Keras walks along a row of the image before it goes to the next: height, then "
                "width.",
            ),
        ],
        hints=[
            "Unfold: `w.reshape(units, channels, height, width)`.",
            "Then transpose to (height, width, channels, units), and flatten the first three.",
        ],
    ),
]
