from itertools import pairwise

import numpy as np


def to_hu_in_place(stored, slope, intercept):
    hu = np.array(stored, dtype="float32")
    hu *= slope
    hu += intercept
    return hu


def window_with_where(hu, low, high):
    scaled = (np.asarray(hu, float) - low) / (high - low)
    scaled = np.where(scaled < 0, 0, scaled)
    return np.where(scaled > 1, 1, scaled)


def order_with_python(positions):
    order = sorted(range(len(positions)), key=lambda k: positions[k])
    steps = sorted(positions[b] - positions[a] for a, b in pairwise(order))
    middle = len(steps) // 2
    gap = steps[middle] if len(steps) % 2 else (steps[middle - 1] + steps[middle]) / 2
    return order, gap


def diameter_by_counting(mask, spacing):
    pixels = np.count_nonzero(mask)
    return spacing * (4 * pixels / np.pi) ** 0.5


SECOND = {
    "TO_HU": to_hu_in_place,
    "WINDOW_FROM_LIMITS": window_with_where,
    "ORDER_AND_GAP": order_with_python,
    "EQUIVALENT_DIAMETER": diameter_by_counting,
}
