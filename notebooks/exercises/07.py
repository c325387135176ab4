"""Exercises: CT data."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def to_hu(stored, slope, intercept):
    return np.asarray(stored, np.float32) * slope + intercept


def _to_hu_cases():
    rng = np.random.default_rng(71)
    stored = rng.integers(0, 4000, (3, 4)).astype(np.uint16)
    bytes_ = np.array([[0, 200, 255]], np.uint8)
    return [(stored, 1.0, -1024.0), (stored, 2.0, -1000.0), (bytes_, 2, 10), (stored, 1, -1024)]


def _in_the_type_of_the_file(stored, slope, intercept):
    whole = stored.astype(np.int64) * int(slope) + int(intercept)
    return whole.astype(stored.dtype)


def _converted_too_late(stored, slope, intercept):
    return np.asarray(stored * slope + intercept, np.float32)


TO_HU = Exercise(
    task="stored numbers to Hounsfield units",
    reference=to_hu,
    mistakes=(
        Mistake(
            lambda stored, slope, intercept: np.asarray(stored, np.float32) * slope,
            "Water is at 0 HU. Where is it after your formula? One of the two tags has not been "
            "used.",
        ),
        Mistake(
            lambda stored, slope, intercept: np.asarray(stored, np.float32) + intercept,
            "Try a file whose slope is 2: your result does not change.",
        ),
        Mistake(
            lambda stored, slope, intercept: (np.asarray(stored, np.float32) + intercept) * slope,
            "Multiply first, then add: the intercept is already in HU.",
        ),
        Mistake(
            _in_the_type_of_the_file,
            "Your result cannot be negative: it is still an unsigned integer, and air wraps "
            "around to a large number. Convert the type first.",
        ),
        Mistake(
            _converted_too_late,
            "You calculate in the type of the file; with whole numbers it wraps around, and "
            "converting comes too late. To float32 first.",
        ),
        Mistake(
            lambda stored, slope, intercept: np.asarray(stored, float) * slope + intercept,
            "Eight bytes for each number; float32 needs four, and is precise enough for HU.",
        ),
        Mistake(
            lambda stored, slope, intercept: np.asarray(stored, np.float32) * slope - intercept,
            "The intercept of CT is negative already. Add it.",
        ),
    ),
    hints=(
        "The second formula of this section has three symbols; each is an argument.",
        "Convert `stored` to float32 before you calculate, then slope * stored + intercept.",
    ),
    cases=_to_hu_cases,
    dtype="float32",
)


def window_from_limits(hu, low, high):
    return np.clip((hu - low) / (high - low), 0, 1)


def _window_cases():
    hu = np.array([-2000.0, -1000.0, -600.0, 0.0, 40.0, 900.0, 3000.0])
    return [(hu, -1350.0, 150.0), (hu, -160.0, 240.0)]


WINDOW_FROM_LIMITS = Exercise(
    task="a window from its lowest and highest HU",
    reference=window_from_limits,
    mistakes=(
        Mistake(
            lambda hu, low, high: (hu - low) / (high - low),
            "Air and metal lie outside of the window. What should they become?",
        ),
        Mistake(
            lambda hu, low, high: np.clip((hu - low) / high, 0, 1),
            "What should the value `high` become? Try it with your formula.",
        ),
        Mistake(
            lambda hu, low, high: np.clip(hu / (high - low), 0, 1),
            "What should the value `low` become? Try it with your formula.",
        ),
        Mistake(
            lambda hu, low, high: 255 * np.clip((hu - low) / (high - low), 0, 1),
            "The scale asked for ends at 1.",
        ),
        Mistake(
            lambda hu, low, high: np.clip((hu - (low - high / 2)) / high, 0, 1),
            "Here the arguments are the limits, not centre and width.",
        ),
    ),
    hints=(
        "`low` must become 0 and `high` must become 1; everything outside stays at the limit.",
        "The width is high - low. Use np.clip for the two limits.",
    ),
    cases=_window_cases,
)


def order_and_gap(positions):
    order = np.argsort(positions)
    gap = np.median(np.diff(np.sort(positions)))
    return order, gap


ORDER_AND_GAP = Exercise(
    task="the order of slices and the gap between them",
    reference=order_and_gap,
    mistakes=(
        Mistake(
            lambda positions: (np.sort(positions), order_and_gap(positions)[1]),
            "You return the positions themselves. Which function gives the indices that would "
            "sort an array?",
        ),
        Mistake(
            lambda positions: (np.argsort(positions)[::-1], order_and_gap(positions)[1]),
            "The lowest slice should come first.",
        ),
        Mistake(
            lambda positions: (np.argsort(positions), np.median(np.diff(positions))),
            "The files are not in order yet when you take the differences.",
        ),
        Mistake(
            lambda positions: (np.argsort(positions), np.mean(np.diff(np.sort(positions)))),
            "Slices are missing in the second case, and the mean feels it. Use the median.",
        ),
        Mistake(
            lambda positions: (np.argsort(np.argsort(positions)), order_and_gap(positions)[1]),
            "You return the rank of each file. Asked for is which file comes first, which "
            "second, and so on.",
        ),
    ),
    hints=(
        "NumPy has a function that returns the indices which would sort an array.",
        "np.argsort for the order; np.median of np.diff of the sorted positions for the gap.",
    ),
    cases=lambda: [
        (np.array([10.0, -5.0, 0.0, 5.0, 15.0, -10.0]),),
        (np.array([-95.0, -97.5, -80.0, -92.5, -100.0, -90.0]),),
    ],
)


def equivalent_diameter(mask, spacing):
    area = np.sum(mask) * spacing**2
    return 2 * np.sqrt(area / np.pi)


def _mask_cases():
    y, x = np.mgrid[-20:21, -20:21]
    disc = x**2 + y**2 < 12**2
    return [(disc, 0.5), (disc, 0.8), (np.abs(x) + np.abs(y) < 9, 0.7)]


EQUIVALENT_DIAMETER = Exercise(
    task="equivalent diameter in mm from a mask",
    reference=equivalent_diameter,
    mistakes=(
        Mistake(
            lambda mask, spacing: np.sqrt(np.sum(mask) * spacing**2 / np.pi), "That is the radius."
        ),
        Mistake(
            lambda mask, spacing: 2 * np.sqrt(np.sum(mask) / np.pi),
            "Your result does not change with the spacing: it is in pixels.",
        ),
        Mistake(
            lambda mask, spacing: 2 * np.sqrt(np.sum(mask) * spacing / np.pi),
            "A pixel has an area. How many square millimetres is it?",
        ),
        Mistake(
            lambda mask, spacing: np.sum(mask) * spacing**2,
            "That is the area. Which disc has the same area?",
        ),
    ),
    hints=(
        "Area of a disc: pi times the radius squared. Solve for the diameter.",
        "Area in mm² = number of pixels times spacing squared; diameter = 2 sqrt(area / pi).",
    ),
    cases=_mask_cases,
)
