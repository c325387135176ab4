"""Exercises of lesson 16 about numbers in eight bits."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def scale_and_zero(low, high):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    zero = round(-128 - low / scale)
    return scale, zero


def scale_and_zero_from_the_top(low, high):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = high / 255 - low / 255
    return scale, int(np.rint(127 - high / scale))


def _steps_of_256(low, high):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 256
    return scale, round(-128 - low / scale)


def _without_zero(low, high):
    scale = (high - low) / 255
    return scale, round(-128 - low / scale)


def _unsigned(low, high):
    scale, zero = scale_and_zero(low, high)
    return scale, zero + 128


def _sign(low, high):
    scale, _ = scale_and_zero(low, high)
    return scale, round(-128 + min(low, 0.0) / scale)


def _not_whole(low, high):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    return scale, -128 - low / scale


def _symmetric(low, high):
    return max(abs(low), abs(high)) / 127, 0


def _upside_down(low, high):
    scale, zero = scale_and_zero(low, high)
    return 1 / scale, zero


def _zero_in_real_units(low, high):
    scale, _ = scale_and_zero(low, high)
    return scale, min(low, 0.0)


def _range_cases():
    return [(-1.0, 1.55), (0.0, 5.1), (-0.3, 0.1), (2.0, 4.0), (-7.0, -1.0)]


def to_int8(x, scale, zero):
    return np.clip(np.round(x / scale) + zero, -128, 127).astype(np.int8)


def to_int8_with_minimum(x, scale, zero):
    q = np.floor(np.asarray(x, float) / scale + 0.5) + zero
    return np.maximum(np.minimum(q, 127), -128)


def _cut_off(x, scale, zero):
    return np.clip(np.trunc(x / scale) + zero, -128, 127)


def _wraps(x, scale, zero):
    return (np.round(x / scale) + zero).astype(np.int64).astype(np.int8)


def _no_limits(x, scale, zero):
    return np.round(x / scale) + zero


def _zero_taken_off(x, scale, zero):
    return np.clip(np.round(x / scale) - zero, -128, 127)


def _clipped_too_early(x, scale, zero):
    return np.clip(np.round(x / scale), -128, 127) + zero


def _multiplied(x, scale, zero):
    return np.clip(np.round(x * scale) + zero, -128, 127)


def _without_zero_point(x, scale, zero):
    return np.clip(np.round(x / scale), -128, 127)


def _zero_before_division(x, scale, zero):
    return np.clip(np.round((x + zero) / scale), -128, 127)


def _unsigned_limits(x, scale, zero):
    return np.clip(np.round(x / scale) + zero, 0, 255)


def _not_rounded(x, scale, zero):
    return np.clip(x / scale + zero, -128, 127)


def _int8_cases():
    rng = np.random.default_rng(163)
    return [
        (np.array([-0.5, 0.0, 0.26, 1.0]), 0.1, -20),
        (rng.normal(0, 2, 30), 0.03, -40),
        (rng.normal(1, 1, (4, 5)), 0.02, -128),
    ]


def int8_dot(qx, zero_x, scale_x, qw, scale_w):
    total = np.sum((qx.astype(np.int32) - zero_x) * qw.astype(np.int32))
    return scale_x * scale_w * total


def int8_dot_by_parts(qx, zero_x, scale_x, qw, scale_w):
    products = int(np.dot(qx.astype(np.int64), qw.astype(np.int64)))
    return (products - zero_x * int(qw.astype(np.int64).sum())) * (scale_x * scale_w)


def _overflows(qx, zero_x, scale_x, qw, scale_w):
    with np.errstate(over="ignore"):
        return scale_x * scale_w * float(np.sum((qx - np.int8(zero_x)) * qw, dtype=np.int8))


def _products_overflow(qx, zero_x, scale_x, qw, scale_w):
    with np.errstate(over="ignore"):
        products = (qx - np.int8(zero_x)) * qw
    return scale_x * scale_w * float(np.sum(products, dtype=np.int64))


def _without_the_zero_point(qx, zero_x, scale_x, qw, scale_w):
    return scale_x * scale_w * np.sum(qx.astype(int) * qw.astype(int))


def _zero_taken_once(qx, zero_x, scale_x, qw, scale_w):
    return scale_x * scale_w * (np.sum(qx.astype(int) * qw.astype(int)) - zero_x)


def _one_scale(qx, zero_x, scale_x, qw, scale_w):
    return scale_x * np.sum((qx.astype(int) - zero_x) * qw.astype(int))


def _scales_added(qx, zero_x, scale_x, qw, scale_w):
    return (scale_x + scale_w) * np.sum((qx.astype(int) - zero_x) * qw.astype(int))


def _zero_added(qx, zero_x, scale_x, qw, scale_w):
    return int8_dot(qx, -zero_x, scale_x, qw, scale_w)


def _zero_of_both(qx, zero_x, scale_x, qw, scale_w):
    return scale_x * scale_w * np.sum((qx.astype(int) - zero_x) * (qw.astype(int) - zero_x))


def _no_scale(qx, zero_x, scale_x, qw, scale_w):
    return np.sum((qx.astype(int) - zero_x) * qw.astype(int))


def _dot_cases():
    rng = np.random.default_rng(164)

    def case(n, zero):
        x, w = rng.integers(-128, 128, (2, n), dtype=np.int8)
        return x, zero, 0.02, w, 0.005

    return [
        (np.array([3, -5], np.int8), -10, 0.5, np.array([2, 7], np.int8), 0.1),
        case(9, -30),
        case(300, 12),
    ]


INT8 = (
    Exercise(
        key="16.2",
        task="scale and zero point of a range",
        reference=scale_and_zero,
        second=scale_and_zero_from_the_top,
        mistakes=(
            Mistake(_steps_of_256, "From -128 to 127 there are 255 steps."),
            Mistake(_without_zero, "The range must hold 0: widen it where it does not."),
            Mistake(_unsigned, "Your zero point suits 0 to 255. Ours run from -128 to 127."),
            Mistake(_sign, "Where does `low` end up with your zero point? It should be -128."),
            Mistake(_not_whole, "The zero point is one of the whole numbers: round it."),
            Mistake(_symmetric, "That is the symmetric form, for weights. Here the ends of the "
                    "range become -128 and 127."),
            Mistake(_upside_down, "The scale is what one step is worth, not the steps in a unit."),
            Mistake(_zero_in_real_units, "The zero point is the whole number that stands for 0."),
        ),
        hints=(
            "First widen the range to hold 0. Then: 255 steps for high - low; low becomes -128.",
            "low = scale * (-128 - zero). Solve that for zero, and round.",
        ),
        cases=_range_cases,
    ),
    Exercise(
        key="16.3",
        task="real numbers to int8",
        reference=to_int8,
        second=to_int8_with_minimum,
        mistakes=(
            Mistake(_cut_off, "You cut the fraction off; that is up to a whole step. Round."),
            Mistake(_wraps, "Beyond 127 your numbers come out at the other end. Clip them first."),
            Mistake(_no_limits, "Some of your numbers do not fit into eight bits."),
            Mistake(_zero_taken_off, "x = scale * (q - zero). Which sign has zero in q?"),
            Mistake(_clipped_too_early, "Clip last: the limits are those of q, not of x / scale."),
            Mistake(_multiplied, "The scale is what one step is worth: how many steps are in x?"),
            Mistake(_without_zero_point, "0 must become the zero point."),
            Mistake(_zero_before_division, "The zero point counts steps. First divide, then add."),
            Mistake(_unsigned_limits, "Your limits are those of uint8. int8: -128 to 127."),
            Mistake(_not_rounded, "int8 holds whole numbers: round."),
        ),
        hints=(
            "Divide, round, add, clip: in this order.",
            "np.clip(np.round(x / scale) + zero, -128, 127).",
        ),
        cases=_int8_cases,
    ),
    Exercise(
        key="16.4",
        task="a dot product in whole numbers",
        reference=int8_dot,
        second=int8_dot_by_parts,
        mistakes=(
            Mistake(_overflows, "Products and sum of int8 do not fit into int8. Which type has "
                    "room for them?"),
            Mistake(_products_overflow, "The sum has room, the products have not: make the "
                    "numbers wider before they meet."),
            Mistake(_without_the_zero_point, "qx counts from the zero point: take it off."),
            Mistake(_zero_taken_once, "The zero point comes off each qx, not off the sum."),
            Mistake(_one_scale, "Both numbers have a scale."),
            Mistake(_scales_added, "Each product carries the product of the two scales."),
            Mistake(_zero_added, "x = scale * (q - zero): minus."),
            Mistake(_zero_of_both, "The weights are symmetric: their zero point is 0."),
            Mistake(_no_scale, "That is the whole-number part. What is it worth in real units?"),
        ),
        hints=(
            "Write x = scale_x (qx - zero_x) and w = scale_w qw into the sum. What can go in "
            "front of it?",
            "scale_x * scale_w * sum of (qx - zero_x) * qw, with qx and qw as int32.",
        ),
        cases=_dot_cases,
    ),
)  # fmt: skip
