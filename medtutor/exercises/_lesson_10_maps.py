"""Exercises of lesson 10 that judge a map against an outline."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def points_inside(m, mask):
    row, column = np.unravel_index(np.argmax(m), m.shape)
    return bool(mask[row, column])


def points_inside_flat(m, mask):
    return bool(mask.ravel()[m.ravel().argmax()])


def _divided_by_height(m, mask):
    row, column = divmod(int(np.argmax(m)), m.shape[0])
    return bool(mask[min(row, m.shape[0] - 1), min(column, m.shape[1] - 1)])


def _swapped(m, mask):
    row, column = np.unravel_index(np.argmax(m), m.shape)
    return bool(mask[min(column, m.shape[0] - 1), min(row, m.shape[1] - 1)])


def _anything_inside(m, mask):
    return bool((m * mask).max() > 0)


def _largest_size(m, mask):
    return points_inside(np.abs(m), mask)


def _more_on_average(m, mask):
    return bool(m[mask].mean() > m[~mask].mean())


def _weakest(m, mask):
    return points_inside(-m, mask)


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


def energy_inside(m, mask):
    m = np.maximum(m, 0)
    return m[mask].sum() / m.sum()


def energy_with_a_product(m, mask):
    kept = np.where(m > 0, m, 0)
    return float(np.sum(kept * mask) / np.sum(kept))


def _negative_kept(m, mask):
    return m[mask].sum() / m.sum()


def _size_of_all(m, mask):
    return np.abs(m)[mask].sum() / np.abs(m).sum()


def _by_the_area(m, mask):
    return np.maximum(m, 0)[mask].mean()


def _times_chance(m, mask):
    m = np.maximum(m, 0)
    return m[mask].mean() / m.mean()


def _against_the_rest(m, mask):
    m = np.maximum(m, 0)
    return m[mask].sum() / m[~mask].sum()


def _pixels_counted(m, mask):
    return np.sum((m > 0) & mask) / np.sum(m > 0)


def _not_divided(m, mask):
    return np.maximum(m, 0)[mask].sum()


def _share_of_the_outline(m, mask):
    return np.sum((m > 0) & mask) / mask.sum()


def _energy_cases():
    rng = np.random.default_rng(105)
    mask = np.zeros((6, 8), bool)
    mask[2:5, 3:6] = True
    return [
        (np.array([[3.0, 1.0], [0.0, -2.0]]), np.array([[True, False], [True, False]])),
        (rng.random((6, 8)) * 4, mask),
        (rng.normal(size=(6, 8)) + 2.0 * mask, mask),
    ]


MAPS = (
    Exercise(
        key="10.4",
        task="the pointing game for one map",
        reference=points_inside,
        second=points_inside_flat,
        mistakes=(
            Mistake(
                _divided_by_height,
                "The flat index counts along the rows: each row holds as many pixels as there are "
                "columns. Divide by the width.",
            ),
            Mistake(_swapped, "Row and column have changed places."),
            Mistake(
                _anything_inside,
                "You ask whether there is anything inside the outline. The game asks where the one "
                "strongest pixel of the whole map is.",
            ),
            Mistake(
                _largest_size,
                "A strongly negative pixel speaks against the class. Look for the largest value.",
            ),
            Mistake(
                _more_on_average,
                "You compare means. The pointing game looks at a single pixel, the strongest.",
            ),
            Mistake(_weakest, "That is the weakest pixel of the map."),
            Mistake(
                _middle_of_mass,
                "The centre of mass can lie where nothing is. Take the strongest pixel itself.",
            ),
        ),
        hints=(
            "Find the place of the largest value, then look that place up in the outline.",
            "np.argmax(m) gives a flat index; np.unravel_index(index, m.shape) makes it a row and "
            "a column.",
        ),
        cases=_pointing_cases,
    ),
    Exercise(
        key="10.5",
        task="the share of a map's energy inside an outline",
        reference=energy_inside,
        second=energy_with_a_product,
        mistakes=(
            Mistake(
                _negative_kept,
                "Negative values are still in the sums, so your share can leave the range 0 to 1. "
                "They count as 0 here.",
            ),
            Mistake(
                _size_of_all,
                "Evidence against the class is counted as if it were evidence for it. What is "
                "below 0 becomes 0.",
            ),
            Mistake(
                _by_the_area,
                "You divide by the number of pixels inside. The share of the energy divides by "
                "all of the energy.",
            ),
            Mistake(
                _times_chance,
                "That is how many times better than an even map it is. Sums are asked for, not "
                "means.",
            ),
            Mistake(
                _against_the_rest,
                "Inside divided by outside is a ratio without an upper end. Divide by the sum of "
                "both.",
            ),
            Mistake(
                _pixels_counted,
                "You count pixels. Each should count by its value.",
            ),
            Mistake(_not_divided, "That is the energy inside. Which share of all of it is that?"),
            Mistake(
                _share_of_the_outline,
                "That is how much of the outline is covered. How much of the map lies inside it?",
            ),
        ),
        hints=(
            "Set what is negative to 0 first; then a sum inside, divided by a sum over everything.",
            "m = np.maximum(m, 0), and m[mask] holds the pixels inside.",
        ),
        cases=_energy_cases,
    ),
)
