"""Exercises: maps that explain a prediction."""

import numpy as np

from medtutor.exercises import Exercise, Mistake

PLACES = Exercise(
    task="at how many places the square stands",
    reference=((60 - 12) // 6 + 1) ** 2,
    mistakes=(
        Mistake(9, "That is along one side. The image has two."),
        Mistake(64, "One too few along each side: count the place where it starts as well."),
        Mistake(100, "At some of these places the square would hang over the border."),
        Mistake(25, "That is without overlap. The stride is half of the patch here."),
        Mistake(49**2, "That is with a stride of 1."),
        Mistake(18, "The places along the two sides multiply: each row with each column."),
    ),
    hints=(
        "Along one side, the square starts at 0, 6, 12, …; where does it start last?",
        "(size - patch) / stride + 1 along each side, and that squared.",
    ),
)


def integrated(gradient, x, baseline, steps):
    total = np.zeros_like(x)
    for k in range(steps):
        total += gradient(baseline + (k + 0.5) / steps * (x - baseline))
    return (x - baseline) * total / steps


def _mean_slope(gradient, start, end, steps, at=0.5):
    shares = (np.arange(steps) + at) / steps
    return np.mean([gradient(start + a * (end - start)) for a in shares], axis=0)


def _of_a_square(v):  # gradient of v0² + 3 v1
    return np.array([2 * v[0], 3.0])


def _of_a_product(v):  # gradient of v0 · v1 · v2
    return np.array([v[1] * v[2], v[0] * v[2], v[0] * v[1]])


def _of_a_step(v):  # gradient of the sum of tanh
    return 1 - np.tanh(v) ** 2


INTEGRATED = Exercise(
    task="integrated gradients of any function",
    reference=integrated,
    mistakes=(
        Mistake(
            lambda gradient, x, baseline, steps: _mean_slope(gradient, baseline, x, steps),
            "This is the mean gradient on the way. It still has to be multiplied by how far each "
            "input has moved.",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: steps * integrated(gradient, x, baseline, steps),
            "Your result grows with the number of steps. The formula has a mean.",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: (x - baseline) * gradient(x),
            "That is the gradient at x alone, times the difference. Where else on the way is it "
            "needed?",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: integrated(gradient, x, 0 * x, steps),
            "The baseline is not used. It need not be 0.",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: (
                (x - baseline) * _mean_slope(gradient, 0 * x, x, steps)
            ),
            "The factor is right. The way, though, starts at 0 in place of the baseline.",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: (
                (x - baseline) * _mean_slope(gradient, baseline, baseline + x, steps)
            ),
            "The way should end at x. Yours ends at the baseline plus x.",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: x * _mean_slope(gradient, baseline, x, steps),
            "The factor in front is not x. What has changed on the way?",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: (
                (x - baseline) * _mean_slope(gradient, baseline, x, steps, at=0)
            ),
            "You take the gradient at the start of each piece. The middle is asked for.",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: (
                (x - baseline) * _mean_slope(gradient, baseline, x, steps, at=1)
            ),
            "You take the gradient at the end of each piece. The middle is asked for.",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: -integrated(gradient, x, baseline, steps),
            "The sign: the way goes from the baseline to x.",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: np.abs(integrated(gradient, x, baseline, steps)),
            "The sign is lost, and with it what speaks against.",
        ),
        Mistake(
            lambda gradient, x, baseline, steps: integrated(gradient, x, baseline, steps).sum(),
            "One number for each input is asked for. You have added them up.",
        ),
    ),
    hints=(
        "Walk from the baseline to x, ask for the gradient at the middle of each piece, average, "
        "and multiply by x - baseline.",
        "The k-th point is baseline + (k + 0.5) / steps * (x - baseline), k from 0 to steps - 1.",
    ),
    cases=lambda: [
        (_of_a_square, np.array([3.0, 2.0]), np.array([1.0, 0.5]), 4),
        (_of_a_product, np.array([1.0, 2.0, -3.0]), np.array([0.5, 0.2, 0.1]), 5),
        (_of_a_step, np.array([4.0, -1.0, 0.5]), np.array([-1.0, 0.5, 0.2]), 8),
    ],
)


def cam(maps, gradients):
    weights = gradients.mean(axis=(0, 1))
    return np.maximum((maps * weights).sum(axis=-1), 0)


def _added(weighted):
    return np.maximum(weighted.sum(axis=-1), 0)


def _cam_cases():
    rng = np.random.default_rng(103)
    maps = np.zeros((2, 2, 2))
    maps[..., 0], maps[..., 1] = [[1, 0], [2, 3]], [[0, 4], [1, 1]]
    slopes = np.zeros((2, 2, 2))
    slopes[..., 0], slopes[..., 1] = [[2, 0], [2, 4]], [[-1, -3], [1, -1]]
    many = rng.normal(size=(4, 5, 6))  # before the ReLU a map can be negative
    return [(maps, slopes), (many, rng.normal(size=(4, 5, 6)))]


CAM = Exercise(
    task="Grad-CAM from maps and gradients",
    reference=cam,
    mistakes=(
        Mistake(
            lambda maps, gradients: np.maximum(maps * gradients.mean(axis=(0, 1)), 0).sum(axis=-1),
            "You cut off the negative part of each map before adding. Then nothing can speak "
            "against. First the sum, then the ReLU.",
        ),
        Mistake(
            lambda maps, gradients: (maps * gradients.mean(axis=(0, 1))).sum(axis=-1),
            "Your map has negative places. What is done with them?",
        ),
        Mistake(
            lambda maps, gradients: _added(maps * gradients.mean(axis=-1, keepdims=True)),
            "Your weights are means over the maps, one for each place. A map needs one weight, "
            "the mean over all its places.",
        ),
        Mistake(
            lambda maps, gradients: _added(maps * gradients.mean()),
            "All maps got the same weight. Each has its own.",
        ),
        Mistake(
            lambda maps, gradients: _added(maps * gradients.max(axis=(0, 1))),
            "The weight is the mean of a map's gradient, not its peak.",
        ),
        Mistake(
            lambda maps, gradients: _added(maps * gradients.sum(axis=(0, 1))),
            "Your map is too large by the number of places: mean, not sum.",
        ),
        Mistake(
            lambda maps, gradients: _added(maps * np.maximum(gradients.mean(axis=(0, 1)), 0)),
            "Maps with a negative weight are lost. They may speak against.",
        ),
        Mistake(
            lambda maps, gradients: _added(maps * gradients),
            "You multiply place by place. Grad-CAM averages the gradient over the places first.",
        ),
        Mistake(
            lambda maps, gradients: np.maximum(maps * gradients.mean(axis=(0, 1)), 0),
            "The weighted maps still have to be added up.",
        ),
        Mistake(
            lambda maps, gradients: cam(maps, gradients) / maps.shape[-1],
            "The weighted maps are added, not averaged.",
        ),
        Mistake(
            lambda maps, gradients: _added(gradients * maps.mean(axis=(0, 1))),
            "Maps and gradients have changed places: average the gradients, show the maps.",
        ),
    ),
    hints=(
        "One weight for each map, the weighted sum of the maps, then the ReLU.",
        "weights = gradients.mean(axis=(0, 1)) has shape (maps,) and multiplies the last axis by "
        "itself.",
    ),
    cases=_cam_cases,
)


def points_inside(m, mask):
    row, column = np.unravel_index(np.argmax(m), m.shape)
    return bool(mask[row, column])


def _divided_by_height(m, mask):
    row, column = divmod(int(np.argmax(m)), m.shape[0])
    return bool(mask[row, column])


def _swapped(m, mask):
    row, column = np.unravel_index(np.argmax(m), m.shape)
    return bool(mask[column, row])


def _middle_of_mass(m, mask):
    m = np.maximum(m, 0)
    row, column = (np.sum(m * g) / m.sum() for g in np.indices(m.shape))
    return bool(mask[round(row), round(column)])


def _pointing_cases():
    wide, box = np.zeros((7, 9)), np.zeros((7, 9), bool)
    box[2:6, :4] = True
    hit = wide.copy()
    hit[4, 2], hit[0, 0] = 1.0, 0.6
    miss = wide.copy()
    miss[0, 8], miss[3, 1:4] = 1.0, 0.9
    rng = np.random.default_rng(104)
    maps = [hit, miss, *rng.normal(size=(14, 7, 9))]
    return [(m, box) for m in maps]


POINTS_INSIDE = Exercise(
    task="the pointing game for one map",
    reference=points_inside,
    mistakes=(
        Mistake(
            _divided_by_height,
            "The flat index counts along the rows: each row holds as many pixels as there are "
            "columns. Divide by the width.",
        ),
        Mistake(_swapped, "Row and column have changed places."),
        Mistake(
            lambda m, mask: bool((m * mask).max() > 0),
            "You ask whether there is anything inside the outline. The game asks where the one "
            "strongest pixel of the whole map is.",
        ),
        Mistake(
            lambda m, mask: points_inside(np.abs(m), mask),
            "A strongly negative pixel speaks against the class. Look for the largest value.",
        ),
        Mistake(
            lambda m, mask: bool(m[mask].mean() > m[~mask].mean()),
            "You compare means. The pointing game looks at a single pixel, the strongest.",
        ),
        Mistake(lambda m, mask: points_inside(-m, mask), "That is the weakest pixel of the map."),
        Mistake(
            _middle_of_mass,
            "The centre of mass can lie where nothing is. Take the strongest pixel itself.",
        ),
    ),
    hints=(
        "Find the place of the largest value, then look that place up in the outline.",
        "np.argmax(m) gives a flat index; np.unravel_index(index, m.shape) makes it a row and a "
        "column.",
    ),
    cases=_pointing_cases,
)


def energy(m, mask):
    m = np.maximum(m, 0)
    return m[mask].sum() / m.sum()


def _energy_cases():
    rng = np.random.default_rng(105)
    mask = np.zeros((6, 8), bool)
    mask[2:5, 3:6] = True
    return [
        (np.array([[3.0, 1.0], [0.0, -2.0]]), np.array([[True, False], [True, False]])),
        (rng.random((6, 8)) * 4, mask),
        (rng.normal(size=(6, 8)) + 2.0 * mask, mask),
    ]


ENERGY_INSIDE = Exercise(
    task="the share of a map's energy inside an outline",
    reference=energy,
    mistakes=(
        Mistake(
            lambda m, mask: m[mask].sum() / m.sum(),
            "Negative values are still in the sums, so your share can leave the range 0 to 1. "
            "They count as 0 here.",
        ),
        Mistake(
            lambda m, mask: np.abs(m)[mask].sum() / np.abs(m).sum(),
            "Evidence against the class is counted as if it were evidence for it. What is below "
            "0 becomes 0.",
        ),
        Mistake(
            lambda m, mask: np.maximum(m, 0)[mask].mean(),
            "You divide by the number of pixels inside. The share of the energy divides by all "
            "of the energy.",
        ),
        Mistake(
            lambda m, mask: np.maximum(m, 0)[mask].mean() / np.maximum(m, 0).mean(),
            "That is how many times better than an even map it is. Sums are asked for, not means.",
        ),
        Mistake(
            lambda m, mask: np.maximum(m, 0)[mask].sum() / np.maximum(m, 0)[~mask].sum(),
            "Inside divided by outside is a ratio without an upper end. Divide by the sum of both.",
        ),
        Mistake(
            lambda m, mask: np.sum((m > 0) & mask) / np.sum(m > 0),
            "You count pixels. Each should count by its value.",
        ),
        Mistake(
            lambda m, mask: np.maximum(m, 0)[mask].sum(),
            "That is the energy inside. Which share of all of it is that?",
        ),
        Mistake(
            lambda m, mask: np.sum((m > 0) & mask) / mask.sum(),
            "That is how much of the outline is covered. How much of the map lies inside it?",
        ),
    ),
    hints=(
        "Set what is negative to 0 first; then a sum inside, divided by a sum over everything.",
        "m = np.maximum(m, 0), and m[mask] holds the pixels inside.",
    ),
    cases=_energy_cases,
)
