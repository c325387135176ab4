"""Exercises of lesson 01, convolution."""

import numpy as np

from medtutor.exercises._lesson_01_gradients import GRADIENTS
from medtutor.exercises.engine import Exercise, Mistake


def true_convolution(x, k):
    turned = k[::-1, ::-1]
    y = np.zeros((x.shape[0] - k.shape[0] + 1, x.shape[1] - k.shape[1] + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = np.sum(x[i : i + k.shape[0], j : j + k.shape[1]] * turned)
    return y


def true_convolution_by_taps(x, k):
    rows, columns = k.shape
    down, across = x.shape[0] - rows + 1, x.shape[1] - columns + 1
    y = np.zeros((down, across))
    for p in range(rows):
        for q in range(columns):
            top, left = rows - 1 - p, columns - 1 - q
            y += k[p, q] * x[top : top + down, left : left + across]
    return y


def _not_flipped(x, k):
    return true_convolution(x, k[::-1, ::-1])


def _flipped_up_down(x, k):
    return true_convolution(x, k[:, ::-1])


def _flipped_left_right(x, k):
    return true_convolution(x, k[::-1])


def _transposed(x, k):
    return true_convolution(x, k.T[::-1, ::-1])


def _one_place_short(x, k):
    return true_convolution(x, k)[:-1, :-1]


def _full(x, k):
    rows, columns = k.shape
    return true_convolution(np.pad(x, [(rows - 1,) * 2, (columns - 1,) * 2]), k)


def _convolution_cases():
    rng = np.random.default_rng(12)
    draw = lambda *shape: rng.integers(-3, 4, shape).astype(float)  # noqa: E731
    return [(draw(5, 6), draw(3, 3)), (draw(4, 4), draw(2, 2)), (draw(6, 5), draw(2, 3))]


def places(n, k, before, after, s, d):
    span = d * (k - 1) + 1
    return (n + before + after - span) // s + 1


def places_by_walking(n, k, before, after, s, d):
    last_tap = -before + d * (k - 1)
    count = 0
    while last_tap < n + after:
        count += 1
        last_tap += s
    return count


def _no_plus_one(n, k, before, after, s, d):
    return (n + before + after - d * (k - 1) - 1) // s


def _off_by_one(n, k, before, after, s, d):
    return (n + before + after - d * (k - 1)) // s + 1


def _no_dilation(n, k, before, after, s, d):
    return (n + before + after - k) // s + 1


def _dilated_k(n, k, before, after, s, d):
    return (n + before + after - d * k) // s + 1


def _one_side(n, k, before, after, s, d):
    return (n + before - d * (k - 1) - 1) // s + 1


def _twice_before(n, k, before, after, s, d):
    return (n + 2 * before - d * (k - 1) - 1) // s + 1


def _rounded_up(n, k, before, after, s, d):
    return -(-(n + before + after - d * (k - 1) - 1) // s) + 1


def _not_whole(n, k, before, after, s, d):
    return (n + before + after - d * (k - 1) - 1) / s + 1


def _places_cases():
    return [
        (7, 3, 0, 0, 1, 1), (8, 3, 0, 0, 2, 1), (128, 5, 2, 2, 1, 1), (9, 3, 1, 0, 2, 1),
        (9, 3, 0, 1, 3, 1), (12, 3, 0, 0, 1, 3), (56, 3, 0, 1, 2, 2), (5, 5, 0, 0, 4, 1),
    ]  # fmt: skip


def strided(x, k, s):
    down = (x.shape[0] - k.shape[0]) // s[0] + 1
    across = (x.shape[1] - k.shape[1]) // s[1] + 1
    y = np.zeros((down, across))
    for i in range(down):
        for j in range(across):
            top, left = i * s[0], j * s[1]
            y[i, j] = np.sum(x[top : top + k.shape[0], left : left + k.shape[1]] * k)
    return y


def strided_by_leaving_out(x, k, s):
    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape)
    return np.sum(windows * k, axis=(2, 3))[:: s[0], :: s[1]]


def _wrong_axis(x, k, s):
    return strided(x, k, s[::-1])


def _no_stride(x, k, s):
    return strided(x, k, (1, 1))


def _image_thinned(x, k, s):
    return strided(x[:: s[0], :: s[1]], k, (1, 1))


def _starts_late(x, k, s):
    return strided(x, k, (1, 1))[s[0] - 1 :: s[0], s[1] - 1 :: s[1]]


def _one_stride_for_both(x, k, s):
    return strided(x, k, (s[0], s[0]))


def _strided_cases():
    rng = np.random.default_rng(14)
    draw = lambda *shape: rng.integers(-3, 4, shape).astype(float)  # noqa: E731
    return [(draw(9, 8), draw(3, 3), (2, 1)), (draw(8, 9), draw(2, 3), (1, 3)),
            (draw(9, 9), draw(3, 3), (2, 2))]  # fmt: skip


EXERCISES = (
    Exercise(
        key="01.1",
        task="a convolution by hand",
        reference=[[3, 6], [0, 6]],
        second=np.array([[3.0, 6.0], [0.0, 6.0]]),
        mistakes=(
            Mistake(
                [[3, 0], [0, 0]],
                "You have turned the kernel around. Lay it on the image as it is printed.",
            ),
            Mistake(
                [[1, 2], [0, 2]],
                "You have swapped the kernel's rows and columns: the first row of the kernel "
                "meets the first row of the window.",
            ),
            Mistake([[3, 8], [2, 6]], "One weight of the kernel is negative."),
            Mistake(3, "That is one sum. The kernel fits in four places, so there are four."),
        ),
        hints=(
            "Start with the window at the top left: four products, then their sum.",
            "The top left output is 2 · 0 + 1 · 1 + 0 · (-1) + ...: now the fourth product.",
        ),
    ),
    Exercise(
        key="01.2",
        task="convolution as mathematicians define it",
        reference=true_convolution,
        second=true_convolution_by_taps,
        mistakes=(
            Mistake(
                _not_flipped,
                "This is what layers compute. The mathematician's kernel is turned by 180 degrees.",
            ),
            Mistake(
                _flipped_up_down,
                "Your kernel is turned along one axis only: left and right still lack.",
            ),
            Mistake(
                _flipped_left_right,
                "Your kernel is turned along one axis only: top and bottom still lack.",
            ),
            Mistake(_transposed, "Turning by 180 degrees is not transposing."),
            Mistake(
                _one_place_short,
                "The last row and column are missing. How many places has a window of 3 on "
                "5 pixels?",
            ),
            Mistake(
                _full,
                "Only windows that lie on the image altogether are asked for, without padding.",
            ),
        ),
        hints=(
            "One line turns the kernel; the rest is the loop that you have.",
            "k[::-1, ::-1] is the kernel turned by 180 degrees. Slide that.",
        ),
        cases=_convolution_cases,
    ),
    Exercise(
        key="01.3",
        task="the output size",
        reference=places,
        second=places_by_walking,
        mistakes=(
            Mistake(
                _no_plus_one, "Let the window be as large as the image. How often does it fit?"
            ),
            Mistake(
                _off_by_one,
                "Your span of the window is one too small: 3 taps next to each other span "
                "3 pixels, and d * (k - 1) is 2.",
            ),
            Mistake(_no_dilation, "Three taps that are 3 pixels apart span more than 3 pixels."),
            Mistake(
                _dilated_k,
                "Between k taps there are k - 1 gaps. How many pixels lie between the first and "
                "the last?",
            ),
            Mistake(_one_side, "Padding after the image makes room as well."),
            Mistake(_twice_before, "The two sides need not have the same padding."),
            Mistake(
                _rounded_up, "A window that would hang over the edge is not counted: round down."
            ),
            Mistake(_not_whole, "Half a window does not count. Divide and round down."),
        ),
        hints=(
            "How many pixels does the window span? How far can its first tap move after that?",
            "span = d * (k - 1) + 1. The first tap can move n + before + after - span pixels, "
            "in steps of s; and the place where it starts counts too.",
        ),
        cases=_places_cases,
    ),
    Exercise(
        key="01.4",
        task="a convolution with strides",
        reference=strided,
        second=strided_by_leaving_out,
        mistakes=(
            Mistake(_wrong_axis, "The first stride is for rows, the second for columns."),
            Mistake(_no_stride, "Your window moves by one pixel, whatever the stride."),
            Mistake(
                _image_thinned,
                "You leave pixels out before the kernel sees them. Inside the window all pixels "
                "count; only the window's place jumps.",
            ),
            Mistake(_starts_late, "The first window stands in the corner, at row 0 and column 0."),
            Mistake(_one_stride_for_both, "The two axes have a stride each."),
        ),
        hints=(
            "Where is the top left corner of window i, j if each step is s pixels?",
            "The window starts at i * s[0], j * s[1]; the output has (h - kh) // s[0] + 1 rows.",
        ),
        cases=_strided_cases,
    ),
    Exercise(
        key="01.5",
        task="how many weights a layer has",
        reference=1216,
        second=16 * (5 * 5 * 3 + 1),
        mistakes=(
            Mistake(1200, "Each filter adds one bias to what it has summed up."),
            Mistake(416, "Each filter has its own 5 x 5 weights for every channel of the input."),
            Mistake(400, "Channels of the input are missing, and so are the biases."),
            Mistake(76, "That is one filter. How many are there?"),
            Mistake(1248, "A bias belongs to a filter, not to a channel of each filter."),
            Mistake(
                16 * 124 * 124,
                "Those are the numbers that come out for one image of 128 x 128. The same "
                "weights are used at every place.",
            ),
        ),
        hints=(
            "What is the shape of the kernel? And that of the bias?",
            "The kernel is (5, 5, 3, 16), the bias (16,).",
        ),
    ),
    *GRADIENTS,
)
