"""Exercises: convolution."""

import numpy as np

from medtutor.exercises import Exercise, Mistake

BY_HAND = Exercise(
    task="a convolution by hand",
    reference=[[3, 6], [0, 6]],
    mistakes=(
        Mistake(
            [[3, 0], [0, 0]],
            "You have turned the kernel around. Lay it on the image as it is printed.",
        ),
        Mistake(
            [[1, 2], [0, 2]],
            "You have swapped the kernel's rows and columns: the first row of the kernel meets "
            "the first row of the window.",
        ),
        Mistake([[3, 8], [2, 6]], "One weight of the kernel is negative."),
        Mistake(3, "That is one sum. The kernel fits in four places, so there are four."),
    ),
    hints=(
        "Start with the window at the top left: four products, then their sum.",
        "The top left output is 2 · 0 + 1 · 1 + 0 · (-1) + ...: now the fourth product.",
    ),
)


def _draw(seed):
    rng = np.random.default_rng(seed)
    return lambda *shape: rng.integers(-3, 4, shape).astype(float)


def true_convolution(x, k):
    turned = k[::-1, ::-1]
    y = np.zeros((x.shape[0] - k.shape[0] + 1, x.shape[1] - k.shape[1] + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = np.sum(x[i : i + k.shape[0], j : j + k.shape[1]] * turned)
    return y


def _convolution_cases():
    draw = _draw(12)
    return [(draw(5, 6), draw(3, 3)), (draw(4, 4), draw(2, 2)), (draw(6, 5), draw(2, 3))]


TRUE_CONVOLUTION = Exercise(
    task="convolution as mathematicians define it",
    reference=true_convolution,
    mistakes=(
        Mistake(
            lambda x, k: true_convolution(x, k[::-1, ::-1]),
            "This is what layers compute. The mathematician's kernel is turned by 180 degrees.",
        ),
        Mistake(
            lambda x, k: true_convolution(x, k[:, ::-1]),
            "Your kernel is turned along one axis only: left and right still lack.",
        ),
        Mistake(
            lambda x, k: true_convolution(x, k[::-1]),
            "Your kernel is turned along one axis only: top and bottom still lack.",
        ),
        Mistake(
            lambda x, k: true_convolution(x, k.T[::-1, ::-1]),
            "Turning by 180 degrees is not transposing.",
        ),
        Mistake(
            lambda x, k: true_convolution(x, k)[:-1, :-1],
            "The last row and column are missing. How many places has a window of 3 on 5 pixels?",
        ),
        Mistake(
            lambda x, k: true_convolution(np.pad(x, [(n - 1,) * 2 for n in k.shape]), k),
            "Only windows that lie on the image altogether are asked for, without padding.",
        ),
    ),
    hints=(
        "One line turns the kernel; the rest is the loop that you have.",
        "k[::-1, ::-1] is the kernel turned by 180 degrees. Slide that.",
    ),
    cases=_convolution_cases,
)


def places(n, k, before, after, s, d):
    span = d * (k - 1) + 1
    return (n + before + after - span) // s + 1


PLACES = Exercise(
    task="the output size",
    reference=places,
    mistakes=(
        Mistake(
            lambda n, k, before, after, s, d: (n + before + after - d * (k - 1) - 1) // s,
            "Let the window be as large as the image. How often does it fit?",
        ),
        Mistake(
            lambda n, k, before, after, s, d: (n + before + after - d * (k - 1)) // s + 1,
            "Your span of the window is one too small: 3 taps next to each other span 3 pixels, "
            "and d * (k - 1) is 2.",
        ),
        Mistake(
            lambda n, k, before, after, s, d: (n + before + after - k) // s + 1,
            "Three taps that are 3 pixels apart span more than 3 pixels.",
        ),
        Mistake(
            lambda n, k, before, after, s, d: (n + before + after - d * k) // s + 1,
            "Between k taps there are k - 1 gaps. How many pixels lie between the first and the "
            "last?",
        ),
        Mistake(
            lambda n, k, before, after, s, d: (n + before - d * (k - 1) - 1) // s + 1,
            "Padding after the image makes room as well.",
        ),
        Mistake(
            lambda n, k, before, after, s, d: (n + 2 * before - d * (k - 1) - 1) // s + 1,
            "The two sides need not have the same padding.",
        ),
        Mistake(
            lambda n, k, before, after, s, d: -(-(n + before + after - d * (k - 1) - 1) // s) + 1,
            "A window that would hang over the edge is not counted: round down.",
        ),
        Mistake(
            lambda n, k, before, after, s, d: (n + before + after - d * (k - 1) - 1) / s + 1,
            "Half a window does not count. Divide and round down.",
        ),
    ),
    hints=(
        "How many pixels does the window span? How far can its first tap move after that?",
        "span = d * (k - 1) + 1. The first tap can move n + before + after - span pixels, in "
        "steps of s; and the place where it starts counts too.",
    ),
    cases=lambda: [
        (7, 3, 0, 0, 1, 1),
        (8, 3, 0, 0, 2, 1),
        (128, 5, 2, 2, 1, 1),
        (9, 3, 1, 0, 2, 1),
        (9, 3, 0, 1, 3, 1),
        (12, 3, 0, 0, 1, 3),
        (56, 3, 0, 1, 2, 2),
        (5, 5, 0, 0, 4, 1),
    ],
)


def strided(x, k, s):
    down = (x.shape[0] - k.shape[0]) // s[0] + 1
    across = (x.shape[1] - k.shape[1]) // s[1] + 1
    y = np.zeros((down, across))
    for i in range(down):
        for j in range(across):
            top, left = i * s[0], j * s[1]
            y[i, j] = np.sum(x[top : top + k.shape[0], left : left + k.shape[1]] * k)
    return y


def _strided_cases():
    draw = _draw(14)
    return [
        (draw(9, 8), draw(3, 3), (2, 1)),
        (draw(8, 11), draw(2, 3), (1, 3)),
        (draw(9, 9), draw(3, 3), (2, 2)),
    ]


STRIDED = Exercise(
    task="a convolution with strides",
    reference=strided,
    mistakes=(
        Mistake(
            lambda x, k, s: strided(x, k, s[::-1]),
            "The first stride is for rows, the second for columns.",
        ),
        Mistake(
            lambda x, k, s: strided(x, k, (1, 1)),
            "Your window moves by one pixel, whatever the stride.",
        ),
        Mistake(
            lambda x, k, s: strided(x[:: s[0], :: s[1]], k, (1, 1)),
            "You leave pixels out before the kernel sees them. Inside the window all pixels "
            "count; only the window's place jumps.",
        ),
        Mistake(
            lambda x, k, s: strided(x, k, (1, 1))[s[0] - 1 :: s[0], s[1] - 1 :: s[1]],
            "The first window stands in the corner, at row 0 and column 0.",
        ),
        Mistake(lambda x, k, s: strided(x, k, (s[0], s[0])), "The two axes have a stride each."),
    ),
    hints=(
        "Where is the top left corner of window i, j if each step is s pixels?",
        "The window starts at i * s[0], j * s[1]; the output has (h - kh) // s[0] + 1 rows.",
    ),
    cases=_strided_cases,
)


WEIGHTS = Exercise(
    task="how many weights a layer has",
    reference=1216,
    mistakes=(
        Mistake(1200, "Each filter adds one bias to what it has summed up."),
        Mistake(416, "Each filter has its own 5 x 5 weights for every channel of the input."),
        Mistake(400, "Channels of the input are missing, and so are the biases."),
        Mistake(76, "That is one filter. How many are there?"),
        Mistake(1248, "A bias belongs to a filter, not to a channel of each filter."),
        Mistake(
            16 * 124 * 124,
            "Those are the numbers that come out for one image of 128 x 128. The same weights "
            "are used at every place.",
        ),
    ),
    hints=(
        "What is the shape of the kernel? And that of the bias?",
        "The kernel is (5, 5, 3, 16), the bias (16,).",
    ),
)


def kernel_gradient(dy, x):
    rows, columns = x.shape[1] - dy.shape[1] + 1, x.shape[2] - dy.shape[2] + 1
    dk = np.zeros((rows, columns))
    for p in range(rows):
        for q in range(columns):
            dk[p, q] = np.sum(dy * x[:, p : p + dy.shape[1], q : q + dy.shape[2]])
    return dk


def _kernel_gradient_cases():
    draw = _draw(15)
    return [
        (draw(1, 2, 2), draw(1, 4, 4)),
        (draw(3, 4, 3), draw(3, 6, 5)),
        (draw(2, 5, 5), draw(2, 7, 6)),
    ]


KERNEL_GRADIENT = Exercise(
    task="the gradient of the kernel, for a batch",
    reference=kernel_gradient,
    mistakes=(
        Mistake(
            lambda dy, x: np.stack([kernel_gradient(dy[[n]], x[[n]]) for n in range(len(x))]),
            "There is one kernel for all images, so there is one gradient. What happens to the "
            "contributions of several images?",
        ),
        Mistake(
            lambda dy, x: kernel_gradient(dy, x) / len(x),
            "A sum over the batch, not a mean: if the loss is a mean, dy already holds the "
            "division.",
        ),
        Mistake(
            lambda dy, x: kernel_gradient(dy[:1], x[:1]),
            "Your result does not change with the second image.",
        ),
        Mistake(
            lambda dy, x: kernel_gradient(dy[-1:], x[-1:]),
            "Each image overwrites what the ones before it gave.",
        ),
        Mistake(
            lambda dy, x: kernel_gradient(dy, x) / dy[0].size,
            "The formula sums over the places i, j.",
        ),
        Mistake(
            lambda dy, x: kernel_gradient(dy, x)[::-1, ::-1],
            "The kernel was not turned on the way forward, either.",
        ),
        Mistake(
            lambda dy, x: kernel_gradient(np.ones_like(dy), x), "Your result does not depend on dy."
        ),
    ),
    hints=(
        "For one image it is a convolution of x with dy. Then think of the batch.",
        "dk[p, q] is the sum of dy * x[:, p : p + rows of dy, q : q + columns of dy], over "
        "everything.",
    ),
    cases=_kernel_gradient_cases,
)


def image_gradient(dy, k):
    down, across = dy.shape
    dx = np.zeros((down + k.shape[0] - 1, across + k.shape[1] - 1))
    for p in range(k.shape[0]):
        for q in range(k.shape[1]):
            dx[p : p + down, q : q + across] += k[p, q] * dy
    return dx


def _overwritten(dy, k):
    down, across = dy.shape
    dx = np.zeros((down + k.shape[0] - 1, across + k.shape[1] - 1))
    for p in range(k.shape[0]):
        for q in range(k.shape[1]):
            dx[p : p + down, q : q + across] = k[p, q] * dy
    return dx


def _same_size_as_dy(dy, k):
    dx = image_gradient(dy, k)
    return dx[k.shape[0] // 2 :, k.shape[1] // 2 :][: dy.shape[0], : dy.shape[1]]


def _image_gradient_cases():
    draw = _draw(16)
    return [(draw(2, 2), draw(3, 3)), (draw(4, 3), draw(3, 2)), (draw(5, 5), draw(3, 3))]


IMAGE_GRADIENT = Exercise(
    task="the gradient of the image",
    reference=image_gradient,
    mistakes=(
        Mistake(
            _overwritten,
            "A pixel is in several windows, and each has something to say. Does the last one "
            "overwrite the others?",
        ),
        Mistake(
            lambda dy, k: image_gradient(dy, k[::-1, ::-1]),
            "Output i, j met pixel i + p, j + q with weight k[p, q]. Hand its gradient back with "
            "the same weight, to the same pixel.",
        ),
        Mistake(
            _same_size_as_dy,
            "Every pixel of the image gets a gradient; the result is larger than dy.",
        ),
        Mistake(
            lambda dy, k: image_gradient(dy, np.ones_like(k)),
            "Your result does not depend on the kernel.",
        ),
        Mistake(
            lambda dy, k: image_gradient(dy, k) / k.size,
            "The windows' shares are summed, not averaged.",
        ),
    ),
    hints=(
        "Walk over the taps p, q of the kernel as the vectorised convolution does, but write to "
        "dx instead of reading from x.",
        "dx[p : p + rows of dy, q : q + columns of dy] += k[p, q] * dy",
    ),
    cases=_image_gradient_cases,
)
