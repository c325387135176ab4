"""Exercises: deep or classical."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def circularity(area, perimeter):
    result = np.zeros(len(area))
    found = perimeter > 0
    result[found] = 4 * np.pi * area[found] / perimeter[found] ** 2
    return result


def _divide(above, below):
    return np.divide(above, below, out=np.zeros(len(below)), where=below > 0)


def _outline_cases():
    sides = np.array([1.0, 5.0, 12.0])
    radii = np.array([2.0, 7.5])
    area = np.concatenate([np.pi * radii**2, sides * 4, [0.0]])
    perimeter = np.concatenate([2 * np.pi * radii, 2 * (sides + 4), [0.0]])
    return [
        (area, perimeter),
        (np.array([30.0, 0.0, 151.2, 0.02]), np.array([20.1, 0.0, 61.0, 0.6])),
    ]


CIRCULARITY = Exercise(
    task="circularity of several outlines",
    reference=circularity,
    mistakes=(
        Mistake(
            lambda area, perimeter: 4 * np.pi * area / perimeter**2,
            "Where nothing was found, 0 is divided by 0. Decide on a value before you divide: 0 "
            "is asked for.",
        ),
        Mistake(
            lambda area, perimeter: circularity(area, perimeter) + (perimeter == 0),
            "An outline that was not found is no circle. It gets 0.",
        ),
        Mistake(
            lambda area, perimeter: _divide(4 * np.pi * area, perimeter),
            "mm² over mm is not a pure number: your result grows with the nodule. Square P.",
        ),
        Mistake(
            lambda area, perimeter: _divide(perimeter**2, 4 * np.pi * area),
            "Your long, thin outlines get more than 1. Turn it over.",
        ),
        Mistake(
            lambda area, perimeter: _divide(4 * area, perimeter**2),
            "A circle does not get 1. A factor is missing: put A = πr² in.",
        ),
        Mistake(
            lambda area, perimeter: _divide(np.pi * area, perimeter**2),
            "A circle gets 1/4. Put A = πr² and P = 2πr in.",
        ),
        Mistake(
            lambda area, perimeter: _divide(4 * np.pi * area, perimeter) ** 2,
            "Only the perimeter is squared, not the whole fraction.",
        ),
        Mistake(
            lambda area, perimeter: np.sqrt(_divide(4 * np.pi * area, perimeter**2)),
            "That is its root. The formula has none.",
        ),
    ),
    hints=(
        "Test with a circle: A = πr², P = 2πr must give 1, whatever r is.",
        "4 * np.pi * area / perimeter**2 where perimeter > 0, and 0 elsewhere: begin with "
        "np.zeros and fill in, or use np.divide with where=.",
    ),
    cases=_outline_cases,
)


def orientation_histogram(gy, gx):
    magnitude = np.hypot(gy, gx)
    angle = np.degrees(np.arctan2(gy, gx)) % 180
    bins = [(angle >= low) & (angle < low + 20) for low in range(0, 180, 20)]
    return np.array([magnitude[inside].sum() for inside in bins])


def _binned(magnitude, angle):
    return np.histogram(angle, np.arange(0, 181, 20), weights=magnitude)[0]


def _gradient_cases():
    rng = np.random.default_rng(122)
    return [
        (np.array([[0.0, 1.0], [2.0, -1.0]]), np.array([[3.0, 1.2], [-0.5, 1.0]])),
        (np.array([[-4.0, 0.5, 0.375]]), np.array([[0.3, -2.0, 1.0]])),
        (rng.normal(size=(8, 8)), rng.normal(size=(8, 8))),
    ]


ORIENTATION_HISTOGRAM = Exercise(
    task="the histogram of orientations of one cell",
    reference=orientation_histogram,
    mistakes=(
        Mistake(
            lambda gy, gx: _binned(np.hypot(gy, gx), np.arctan2(gy, gx) % np.pi),
            "Everything fell into the first bin: the bins are in degrees, arctan2 answers in "
            "radians.",
        ),
        Mistake(
            lambda gy, gx: _binned(np.hypot(gy, gx), np.degrees(np.arctan2(gy, gx)) % 360 / 2),
            "Your bins go round the full circle. Bright to dark and dark to bright are to count "
            "as the same edge: 180 degrees, nine bins of 20.",
        ),
        Mistake(
            lambda gy, gx: _binned(np.hypot(gy, gx), np.degrees(np.arctan2(gy, gx))),
            "Angles below 0 are lost. Fold them into 0 to 180 with % 180.",
        ),
        Mistake(
            lambda gy, gx: _binned(np.hypot(gy, gx), np.abs(np.degrees(np.arctan2(gy, gx))) % 180),
            "The absolute value mirrors an angle: -30 is the line of 150 degrees, not of 30.",
        ),
        Mistake(
            lambda gy, gx: _binned(np.ones_like(gx), np.degrees(np.arctan2(gy, gx)) % 180),
            "You count pixels. A steep one should weigh more than a flat one: by its magnitude.",
        ),
        Mistake(
            lambda gy, gx: _binned(np.hypot(gy, gx), np.degrees(np.arctan2(gx, gy)) % 180),
            "A gradient along the columns alone (gy = 0) has the angle 0. Look at the order of "
            "arctan2's arguments.",
        ),
        Mistake(
            lambda gy, gx: _binned(gy**2 + gx**2, np.degrees(np.arctan2(gy, gx)) % 180),
            "That is the squared magnitude. Take the root.",
        ),
        Mistake(
            lambda gy, gx: _binned(np.abs(gy) + np.abs(gx), np.degrees(np.arctan2(gy, gx)) % 180),
            "|gy| + |gx| is longer than the arrow. Its length is by Pythagoras.",
        ),
        Mistake(
            lambda gy, gx: orientation_histogram(gy, gx) / orientation_histogram(gy, gx).sum(),
            "Sums are asked for. Scaling comes later, block by block.",
        ),
    ),
    hints=(
        "Each pixel gives its magnitude to the one bin in which its angle lies.",
        "np.hypot(gy, gx) for the magnitude, np.degrees(np.arctan2(gy, gx)) % 180 for the angle, "
        "np.histogram(angle, edges, weights=magnitude)[0] for the sums.",
    ),
    cases=_gradient_cases,
)


NUMBERS = Exercise(
    task="how many features HOG gives",
    reference=(8 - 1) * (16 - 1) * 2 * 2 * 9,
    mistakes=(
        Mistake(
            8 * 16 * 9,
            "That is one histogram for each cell. Blocks overlap: an inner cell is in four of "
            "them, and is written down four times.",
        ),
        Mistake(
            8 * 16 * 36, "In a row of 8 cells, how many places has a block that is 2 cells wide?"
        ),
        Mistake(7 * 15 * 9, "Each block holds four cells, each with a histogram of its own."),
        Mistake(7 * 15, "That is the number of blocks. How many numbers are in each?"),
        Mistake(64 * 128 * 9, "Pixels do not keep histograms; cells of 8 x 8 do."),
        Mistake(
            6 * 14 * 36,
            "Two too few in each direction: a window of 2 on 8 cells has 8 - 2 + 1 places.",
        ),
    ),
    hints=(
        "Count cells along each side, then places of a block along each side, as for a "
        "convolution without padding.",
        "(cells - block + 1) in both directions, multiplied, times cells in a block, times "
        "orientations.",
    ),
)


def lbp_code(patch):
    rows, columns = [1, 0, 0, 0, 1, 2, 2, 2], [2, 2, 1, 0, 0, 0, 1, 2]  # counter-clockwise
    around = patch[rows, columns]
    return sum(2**k for k, value in enumerate(around) if value >= patch[1, 1])


# Right, then counter-clockwise: row and column beside the middle.
_CIRCLE = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def _bits(patch):
    return [patch[1 + i, 1 + j] >= patch[1, 1] for i, j in _CIRCLE]


def _sum_of_bits(bits):
    return sum(2**k for k, bit in enumerate(bits) if bit)


def _patch_cases():
    rng = np.random.default_rng(124)
    return [
        (np.array([[7, 2, 9], [1, 5, 6], [5, 3, 8]]),),
        (np.array([[0, 0, 0], [9, 4, 0], [0, 4, 0]]),),
        (np.array([[0.2, 0.7, 0.3], [0.1, 0.5, 0.6], [0.9, 0.5, 0.4]]),),
        *((rng.integers(0, 6, (3, 3)),) for _ in range(6)),
    ]


LBP_CODE = Exercise(
    task="the LBP code of a patch",
    reference=lbp_code,
    mistakes=(
        Mistake(
            lambda patch: _sum_of_bits([patch[1 + i, 1 + j] > patch[1, 1] for i, j in _CIRCLE]),
            "A neighbour that equals the centre counts as 1: >=, not >.",
        ),
        Mistake(
            lambda patch: _sum_of_bits([patch[1 + i, 1 + j] <= patch[1, 1] for i, j in _CIRCLE]),
            "A bit is 1 where the neighbour is at least as bright as the centre, not where it is "
            "darker.",
        ),
        Mistake(
            lambda patch: _sum_of_bits(patch.ravel() >= patch[1, 1]),
            "Nine bits: the centre was compared with itself. Eight neighbours make a byte.",
        ),
        Mistake(
            lambda patch: _sum_of_bits(np.delete(patch, 4) >= patch[1, 1]),
            "You go row by row. The order is a walk around the centre, so that neighbours in the "
            "byte are neighbours in the patch.",
        ),
        Mistake(
            lambda patch: _sum_of_bits([_bits(patch)[0], *_bits(patch)[:0:-1]]),
            "You start at the right place and walk clockwise. The other way.",
        ),
        Mistake(
            lambda patch: _sum_of_bits(_bits(patch)[3:] + _bits(patch)[:3]),
            "You walk the right way round and start at the top left. Bit 0 is on the right.",
        ),
        Mistake(
            lambda patch: _sum_of_bits(_bits(patch)[::-1]),
            "Your first neighbour weighs 128. It should weigh 1, the next 2, and so on.",
        ),
        Mistake(
            lambda patch: int(sum(_bits(patch))),
            "You count the ones. That comes next, for rotation; here each has its own weight.",
        ),
        Mistake(
            lambda patch: _sum_of_bits([patch[1 + i, 1 + j] >= patch.mean() for i, j in _CIRCLE]),
            "Compare with the pixel in the centre, not with the mean.",
        ),
    ),
    hints=(
        "List the eight neighbours: right, top right, top, top left, left, bottom left, bottom, "
        "bottom right. The k-th weighs 2**k.",
        "sum(2**k for k, value in enumerate(around) if value >= patch[1, 1])",
    ),
    cases=_patch_cases,
)


def standardise(x, train):
    mean, sd = x[train].mean(axis=0), x[train].std(axis=0)
    return (x - mean) / np.where(sd > 0, sd, 1)


def _scaled(x, mean, sd):
    return (x - mean) / np.where(sd > 0, sd, 1)


def _each_part_alone(x, train):
    rest = np.setdiff1d(np.arange(len(x)), train)
    result = np.empty(x.shape)
    for part in (train, rest):
        result[part] = _scaled(x[part], x[part].mean(axis=0), x[part].std(axis=0))
    return result


def _feature_cases():
    rng = np.random.default_rng(125)
    x = rng.normal([50, -300, 0.9, 0.02], [20, 150, 0.1, 0.005], (12, 4))
    flat = np.column_stack([x[:, :2], np.where(np.arange(12) < 8, 3.0, 4.0)])
    return [
        (x, np.arange(8)),
        (x[::-1].copy(), np.array([11, 1, 5, 6, 2])),
        (flat, np.arange(8)),
    ]


STANDARDISE = Exercise(
    task="standardise features by the training rows",
    reference=standardise,
    mistakes=(
        Mistake(
            lambda x, train: _scaled(x, x.mean(axis=0), x.std(axis=0)),
            "Mean and SD came from all rows, so those of the test patients have leaked into the "
            "training. Compute them on x[train].",
        ),
        Mistake(
            _each_part_alone,
            "Each part was scaled by its own mean. Then the same nodule gets other numbers in "
            "another part. One mean and one SD, those of the training rows, serve all.",
        ),
        Mistake(
            lambda x, train: (x - x[train].mean()) / x[train].std(),
            "One mean for all columns mixes mm and HU. Each column has its own: axis=0.",
        ),
        Mistake(
            lambda x, train: (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True),
            "You standardised each nodule. Each feature (column) is asked for.",
        ),
        Mistake(
            lambda x, train: _scaled(x, x[train].mean(axis=0), x[train].var(axis=0)),
            "You divided by the variance. Its root has the feature's unit.",
        ),
        Mistake(
            lambda x, train: x - x[train].mean(axis=0),
            "The mean is right. Now divide by the standard deviation.",
        ),
        Mistake(
            lambda x, train: standardise(x, train)[train],
            "Return all rows, scaled: only mean and SD are of the training rows.",
        ),
        Mistake(
            lambda x, train: (x - x[train].mean(axis=0)) / x[train].std(axis=0),
            "In the last case a column is constant on the training rows and its SD is 0. Divide "
            "that one by 1.",
        ),
        Mistake(
            lambda x, train: _scaled(x, x[train].min(axis=0), np.ptp(x[train], axis=0)),
            "That maps smallest and largest to 0 and 1. Mean 0 and SD 1 are asked for.",
        ),
    ),
    hints=(
        "Two arrays with one number for each column, from x[train]; then all of x.",
        "mean, sd = x[train].mean(axis=0), x[train].std(axis=0); where sd is 0 use 1; (x - mean) "
        "/ sd.",
    ),
    cases=_feature_cases,
)
