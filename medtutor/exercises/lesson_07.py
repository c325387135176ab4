"""Exercises of lesson 07, CT data."""

from itertools import pairwise

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def to_hu(stored, slope, intercept):
    return np.asarray(stored, np.float32) * slope + intercept


def to_hu_in_place(stored, slope, intercept):
    hu = np.array(stored, dtype="float32")
    hu *= slope
    hu += intercept
    return hu


def _only_slope(stored, slope, intercept):
    return np.asarray(stored, np.float32) * slope


def _only_intercept(stored, slope, intercept):
    return np.asarray(stored, np.float32) + intercept


def _shift_first(stored, slope, intercept):
    return (np.asarray(stored, np.float32) + intercept) * slope


def _stays_unsigned(stored, slope, intercept):
    return (np.asarray(stored) * int(slope) + int(intercept) % 65536).astype(np.uint16)


def _minus(stored, slope, intercept):
    return np.asarray(stored, np.float32) * slope - intercept


def _to_hu_cases():
    rng = np.random.default_rng(71)
    stored = rng.integers(0, 4000, (3, 4)).astype(np.uint16)
    return [(stored, 1.0, -1024.0), (stored, 2.0, -1000.0), (np.array([[0, 1024]], "uint16"), 1, 0)]


def window_from_limits(hu, low, high):
    return np.clip((hu - low) / (high - low), 0, 1)


def window_with_where(hu, low, high):
    scaled = (np.asarray(hu, float) - low) / (high - low)
    scaled = np.where(scaled < 0, 0, scaled)
    return np.where(scaled > 1, 1, scaled)


def _not_clipped(hu, low, high):
    return (hu - low) / (high - low)


def _divided_by_high(hu, low, high):
    return np.clip((hu - low) / high, 0, 1)


def _low_not_taken_off(hu, low, high):
    return np.clip(hu / (high - low), 0, 1)


def _to_255(hu, low, high):
    return 255 * np.clip((hu - low) / (high - low), 0, 1)


def _as_centre_and_width(hu, low, high):
    return np.clip((hu - (low - high / 2)) / high, 0, 1)


def _window_cases():
    hu = np.array([-2000.0, -1000.0, -600.0, 0.0, 40.0, 900.0, 3000.0])
    return [(hu, -1350.0, 150.0), (hu, -160.0, 240.0)]


def order_and_gap(positions):
    order = np.argsort(positions)
    gap = np.median(np.diff(np.sort(positions)))
    return order, gap


def order_with_python(positions):
    order = sorted(range(len(positions)), key=lambda k: positions[k])
    steps = sorted(positions[b] - positions[a] for a, b in pairwise(order))
    middle = len(steps) // 2
    gap = steps[middle] if len(steps) % 2 else (steps[middle - 1] + steps[middle]) / 2
    return order, gap


def _sorted_not_indices(positions):
    return np.sort(positions), np.median(np.diff(np.sort(positions)))


def _from_the_top(positions):
    return np.argsort(positions)[::-1], np.median(np.diff(np.sort(positions)))


def _gap_of_unsorted(positions):
    return np.argsort(positions), np.median(np.diff(positions))


def _gap_is_mean(positions):
    return np.argsort(positions), np.mean(np.diff(np.sort(positions)))


def _rank(positions):
    return np.argsort(np.argsort(positions)), np.median(np.diff(np.sort(positions)))


def _position_cases():
    return [
        (np.array([10.0, -5.0, 0.0, 5.0, 15.0, -10.0]),),
        (np.array([-95.0, -97.5, -80.0, -92.5, -100.0, -90.0]),),
    ]


def equivalent_diameter(mask, spacing):
    area = np.sum(mask) * spacing**2
    return 2 * np.sqrt(area / np.pi)


def diameter_by_counting(mask, spacing):
    pixels = np.count_nonzero(mask)
    return spacing * (4 * pixels / np.pi) ** 0.5


def _radius(mask, spacing):
    return np.sqrt(np.sum(mask) * spacing**2 / np.pi)


def _in_pixels(mask, spacing):
    return 2 * np.sqrt(np.sum(mask) / np.pi)


def _spacing_once(mask, spacing):
    return 2 * np.sqrt(np.sum(mask) * spacing / np.pi)


def _just_the_area(mask, spacing):
    return np.sum(mask) * spacing**2


def _mask_cases():
    y, x = np.mgrid[-20:21, -20:21]
    disc = x**2 + y**2 < 12**2
    return [(disc, 0.5), (disc, 0.8), (np.abs(x) + np.abs(y) < 9, 0.7)]


EXERCISES = (
    Exercise(
        key="07.1",
        task="stored numbers to Hounsfield units",
        reference=to_hu,
        second=to_hu_in_place,
        mistakes=(
            Mistake(
                _only_slope,
                "Water is at 0 HU. Where is it after your formula? One of the two "
                "tags has not been used.",
            ),
            Mistake(_only_intercept, "Try a file whose slope is 2: your result does not change."),
            Mistake(_shift_first, "Multiply first, then add: the intercept is already in HU."),
            Mistake(
                _stays_unsigned,
                "Your result cannot be negative: it is still an unsigned "
                "integer, and air wraps around to a large number. Convert the type first.",
            ),
            Mistake(_minus, "The intercept of CT is negative already. Add it."),
        ),
        hints=(
            "The second formula of this section has three symbols; each is an argument.",
            "Convert `stored` to float32 before you calculate, then slope * stored + intercept.",
        ),
        cases=_to_hu_cases,
    ),
    Exercise(
        key="07.2",
        task="a window from its lowest and highest HU",
        reference=window_from_limits,
        second=window_with_where,
        mistakes=(
            Mistake(
                _not_clipped, "Air and metal lie outside of the window. What should they become?"
            ),
            Mistake(
                _divided_by_high, "What should the value `high` become? Try it with your formula."
            ),
            Mistake(
                _low_not_taken_off, "What should the value `low` become? Try it with your formula."
            ),
            Mistake(_to_255, "The scale asked for ends at 1."),
            Mistake(
                _as_centre_and_width, "Here the arguments are the limits, not centre and width."
            ),
        ),
        hints=(
            "`low` must become 0 and `high` must become 1; everything outside stays at the limit.",
            "The width is high - low. Use np.clip for the two limits.",
        ),
        cases=_window_cases,
    ),
    Exercise(
        key="07.3",
        task="the order of slices and the gap between them",
        reference=order_and_gap,
        second=order_with_python,
        mistakes=(
            Mistake(
                _sorted_not_indices,
                "You return the positions themselves. Which function gives "
                "the indices that would sort an array?",
            ),
            Mistake(_from_the_top, "The lowest slice should come first."),
            Mistake(
                _gap_of_unsorted, "The files are not in order yet when you take the differences."
            ),
            Mistake(
                _gap_is_mean,
                "One slice is missing in the second case, and the mean feels it. Use the median.",
            ),
            Mistake(
                _rank,
                "You return the rank of each file. Asked for is which file comes first, "
                "which second, and so on.",
            ),
        ),
        hints=(
            "NumPy has a function that returns the indices which would sort an array.",
            "np.argsort for the order; np.median of np.diff of the sorted positions for the gap.",
        ),
        cases=_position_cases,
    ),
    Exercise(
        key="07.4",
        task="equivalent diameter in mm from a mask",
        reference=equivalent_diameter,
        second=diameter_by_counting,
        mistakes=(
            Mistake(_radius, "That is the radius."),
            Mistake(_in_pixels, "Your result does not change with the spacing: it is in pixels."),
            Mistake(_spacing_once, "A pixel has an area. How many square millimetres is it?"),
            Mistake(_just_the_area, "That is the area. Which disc has the same area?"),
        ),
        hints=(
            "Area of a disc: pi times the radius squared. Solve for the diameter.",
            "Area in mm² = number of pixels times spacing squared; diameter = 2 sqrt(area / pi).",
        ),
        cases=_mask_cases,
    ),
)
