"""Exercises of lesson 12 on gradients and local patterns."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake

# Right, then counter-clockwise: row and column beside the middle.
_CIRCLE = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def orientation_histogram(gy, gx):
    magnitude = np.hypot(gy, gx)
    angle = np.degrees(np.arctan2(gy, gx)) % 180
    bins = [(angle >= low) & (angle < low + 20) for low in range(0, 180, 20)]
    return np.array([magnitude[inside].sum() for inside in bins])


def histogram_by_bincount(gy, gx):
    angle = np.rad2deg(np.arctan2(gy, gx).ravel())
    angle[angle < 0] += 180
    angle[angle >= 180] -= 180
    weights = np.sqrt(gy.ravel() ** 2 + gx.ravel() ** 2)
    return np.bincount((angle // 20).astype(int), weights=weights, minlength=9)


def _binned(magnitude, angle):
    return np.histogram(angle, np.arange(0, 181, 20), weights=magnitude)[0]


def _radians(gy, gx):
    return _binned(np.hypot(gy, gx), np.arctan2(gy, gx) % np.pi)


def _signed(gy, gx):
    angle = np.degrees(np.arctan2(gy, gx)) % 360
    return np.histogram(angle, np.arange(0, 361, 40), weights=np.hypot(gy, gx))[0]


def _not_folded(gy, gx):
    return _binned(np.hypot(gy, gx), np.degrees(np.arctan2(gy, gx)))


def _absolute_angle(gy, gx):
    return _binned(np.hypot(gy, gx), np.abs(np.degrees(np.arctan2(gy, gx))) % 180)


def _counted(gy, gx):
    return _binned(np.ones_like(gx), np.degrees(np.arctan2(gy, gx)) % 180)


def _axes_swapped(gy, gx):
    return _binned(np.hypot(gy, gx), np.degrees(np.arctan2(gx, gy)) % 180)


def _squared(gy, gx):
    return _binned(gy**2 + gx**2, np.degrees(np.arctan2(gy, gx)) % 180)


def _sum_of_parts(gy, gx):
    return _binned(np.abs(gy) + np.abs(gx), np.degrees(np.arctan2(gy, gx)) % 180)


def _normalised(gy, gx):
    result = orientation_histogram(gy, gx)
    return result / result.sum()


def _gradient_cases():
    rng = np.random.default_rng(122)
    return [
        (np.array([[0.0, 1.0], [2.0, -1.0]]), np.array([[3.0, 1.2], [-0.5, 1.0]])),
        (np.array([[-4.0, 0.5]]), np.array([[0.3, -2.0]])),
        (rng.normal(size=(8, 8)), rng.normal(size=(8, 8))),
    ]


def lbp_code(patch):
    centre = patch[1, 1]
    around = [patch[1, 2], patch[0, 2], patch[0, 1], patch[0, 0],
              patch[1, 0], patch[2, 0], patch[2, 1], patch[2, 2]]  # fmt: skip
    return sum(2**k for k, value in enumerate(around) if value >= centre)


def lbp_by_weights(patch):
    weights = np.array([[8, 4, 2], [16, 0, 1], [32, 64, 128]])
    return int(weights[patch >= patch[1, 1]].sum())


def _bits(patch):
    return [patch[1 + i, 1 + j] >= patch[1, 1] for i, j in _CIRCLE]


def _sum_of_bits(bits):
    return sum(2**k for k, bit in enumerate(bits) if bit)


def _greater_only(patch):
    return _sum_of_bits([patch[1 + i, 1 + j] > patch[1, 1] for i, j in _CIRCLE])


def _less_or_equal(patch):
    return _sum_of_bits([patch[1 + i, 1 + j] <= patch[1, 1] for i, j in _CIRCLE])


def _centre_included(patch):
    return sum(2**k for k, value in enumerate(patch.ravel()) if value >= patch[1, 1])


def _row_by_row(patch):
    return sum(2**k for k, v in enumerate(np.delete(patch.ravel(), 4)) if v >= patch[1, 1])


def _clockwise(patch):
    bits = _bits(patch)
    return _sum_of_bits([bits[0], *bits[:0:-1]])


def _from_top_left(patch):
    bits = _bits(patch)
    return _sum_of_bits(bits[3:] + bits[:3])


def _first_is_largest(patch):
    return _sum_of_bits(_bits(patch)[::-1])


def _number_of_ones(patch):
    return int(sum(_bits(patch)))


def _against_the_mean(patch):
    return _sum_of_bits([patch[1 + i, 1 + j] >= patch.mean() for i, j in _CIRCLE])


def _patch_cases():
    rng = np.random.default_rng(124)
    return [
        (np.array([[7, 2, 9], [1, 5, 6], [5, 3, 8]]),),
        (np.array([[0, 0, 0], [9, 4, 0], [0, 4, 0]]),),
        (np.array([[0.2, 0.7, 0.3], [0.1, 0.5, 0.6], [0.9, 0.5, 0.4]]),),
        (rng.integers(0, 6, (3, 3)),),
        (rng.integers(0, 6, (3, 3)),),
    ]


PATTERNS = (
    Exercise(
        key="12.2",
        task="the histogram of orientations of one cell",
        reference=orientation_histogram,
        second=histogram_by_bincount,
        mistakes=(
            Mistake(
                _radians,
                "Everything fell into the first bin: the bins are in degrees, arctan2 answers in "
                "radians.",
            ),
            Mistake(
                _signed,
                "Your bins go round the full circle. Bright to dark and dark to bright are to "
                "count as the same edge: 180 degrees, nine bins of 20.",
            ),
            Mistake(
                _not_folded,
                "Angles below 0 are lost. Fold them into 0 to 180 with % 180.",
            ),
            Mistake(
                _absolute_angle,
                "The absolute value mirrors an angle: -30 is the line of 150 degrees, not of 30.",
            ),
            Mistake(
                _counted,
                "You count pixels. A steep one should weigh more than a flat one: by its "
                "magnitude.",
            ),
            Mistake(
                _axes_swapped,
                "A gradient along the columns alone (gy = 0) has the angle 0. Look at the order of "
                "arctan2's arguments.",
            ),
            Mistake(_squared, "That is the squared magnitude. Take the root."),
            Mistake(
                _sum_of_parts,
                "|gy| + |gx| is longer than the arrow. Its length is by Pythagoras.",
            ),
            Mistake(_normalised, "Sums are asked for. Scaling comes later, block by block."),
        ),
        hints=(
            "Each pixel gives its magnitude to the one bin in which its angle lies.",
            "np.hypot(gy, gx) for the magnitude, np.degrees(np.arctan2(gy, gx)) % 180 for the "
            "angle, np.histogram(angle, edges, weights=magnitude)[0] for the sums.",
        ),
        cases=_gradient_cases,
    ),
    Exercise(
        key="12.3",
        task="how many features HOG gives",
        reference=(8 - 1) * (16 - 1) * 2 * 2 * 9,
        second=sum(4 * 9 for _ in range(7) for _ in range(15)),
        mistakes=(
            Mistake(
                8 * 16 * 9,
                "That is one histogram for each cell. Blocks overlap: an inner cell is in four of "
                "them, and is written down four times.",
            ),
            Mistake(
                8 * 16 * 36,
                "In a row of 8 cells, how many places has a block that is 2 cells wide?",
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
        rtol=0,
    ),
    Exercise(
        key="12.4",
        task="the LBP code of a patch",
        reference=lbp_code,
        second=lbp_by_weights,
        mistakes=(
            Mistake(_greater_only, "A neighbour that equals the centre counts as 1: >=, not >."),
            Mistake(
                _less_or_equal,
                "A bit is 1 where the neighbour is at least as bright as the centre, not where it "
                "is darker.",
            ),
            Mistake(
                _centre_included,
                "Nine bits: the centre was compared with itself. Eight neighbours make a byte.",
            ),
            Mistake(
                _row_by_row,
                "You go row by row. The order is a walk around the centre, so that neighbours in "
                "the byte are neighbours in the patch.",
            ),
            Mistake(_clockwise, "You start at the right place and walk clockwise. The other way."),
            Mistake(
                _from_top_left,
                "You walk the right way round and start at the top left. Bit 0 is on the right.",
            ),
            Mistake(
                _first_is_largest,
                "Your first neighbour weighs 128. It should weigh 1, the next 2, and so on.",
            ),
            Mistake(
                _number_of_ones,
                "You count the ones. That comes next, for rotation; here each has its own weight.",
            ),
            Mistake(_against_the_mean, "Compare with the pixel in the centre, not with the mean."),
        ),
        hints=(
            "List the eight neighbours: right, top right, top, top left, left, bottom left, "
            "bottom, bottom right. The k-th weighs 2**k.",
            "sum(2**k for k, value in enumerate(around) if value >= patch[1, 1])",
        ),
        cases=_patch_cases,
        rtol=0,
        atol=0,
    ),
)
