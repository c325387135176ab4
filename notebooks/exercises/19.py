"""Exercises: real time."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def median_and_p99(seconds, warm_up):
    kept = 1000 * np.asarray(seconds)[warm_up:]
    return np.median(kept), np.percentile(kept, 99)


def _normal(seconds, warm_up):
    kept = 1000 * seconds[warm_up:]
    return np.median(kept), kept.mean() + 2.326 * kept.std()


def _latency_cases():
    rng = np.random.default_rng(161)

    def case(n, warm_up):
        times = rng.lognormal(-7, 0.4, n)
        times[:warm_up] += 0.3
        times[warm_up + 5 :: 60] += 0.02
        return times, warm_up

    return [case(120, 3), case(400, 10)]


MEDIAN_AND_P99 = Exercise(
    task="median and 99th percentile of call times, in milliseconds",
    reference=median_and_p99,
    mistakes=(
        Mistake(
            lambda seconds, warm_up: median_and_p99(seconds, 0),
            "The first calls pay for things that are paid once. Leave the first `warm_up` out.",
        ),
        Mistake(
            lambda seconds, warm_up: (
                1000 * np.mean(seconds[warm_up:]),
                median_and_p99(seconds, warm_up)[1],
            ),
            "Your first number is the mean: one late call moves it. Take the median.",
        ),
        Mistake(
            lambda seconds, warm_up: (
                median_and_p99(seconds, warm_up)[0],
                1000 * np.max(seconds[warm_up:]),
            ),
            "Your second number is the worst call of all; it grows with the number of calls. "
            "Asked for is the time that 99 of 100 keep.",
        ),
        Mistake(
            lambda seconds, warm_up: tuple(np.array(median_and_p99(seconds, warm_up)) / 1000),
            "The times come in seconds. Milliseconds are asked for.",
        ),
        Mistake(
            lambda seconds, warm_up: tuple(np.array(median_and_p99(seconds, warm_up)) * 1000),
            "A second has 1,000 milliseconds; you count in microseconds.",
        ),
        Mistake(
            lambda seconds, warm_up: tuple(1000 * np.percentile(seconds[warm_up:], (50, 0.99))),
            "np.percentile counts to 100, np.quantile to 1.",
        ),
        Mistake(
            lambda seconds, warm_up: median_and_p99(seconds[:warm_up], 0),
            "You kept the warm-up and dropped the rest: seconds[warm_up:].",
        ),
        Mistake(
            _normal,
            "Call times are not normally distributed: their tail is on one side. Take the "
            "percentile of the times themselves.",
        ),
        Mistake(
            lambda seconds, warm_up: median_and_p99(seconds, warm_up)[::-1],
            "Right numbers, other order: first the median.",
        ),
    ),
    hints=(
        "Drop the warm-up, turn seconds into milliseconds, then take two percentiles.",
        "np.median(x) and np.percentile(x, 99) for x = 1000 * seconds[warm_up:].",
    ),
    cases=_latency_cases,
)


def scale_and_zero(low, high):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    zero = round(-128 - low / scale)
    return scale, zero


def _steps_of_256(low, high):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 256
    return scale, round(-128 - low / scale)


def _without_zero(low, high):
    scale = (high - low) / 255
    return scale, round(-128 - low / scale)


def _sign(low, high):
    scale, _ = scale_and_zero(low, high)
    return scale, round(-128 + min(low, 0.0) / scale)


def _not_whole(low, high):
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    return scale, -128 - low / scale


SCALE_AND_ZERO = Exercise(
    task="scale and zero point of a range",
    reference=scale_and_zero,
    mistakes=(
        Mistake(_steps_of_256, "From -128 to 127 there are 255 steps."),
        Mistake(_without_zero, "The range must hold 0: widen it where it does not."),
        Mistake(
            lambda low, high: (scale_and_zero(low, high)[0], scale_and_zero(low, high)[1] + 128),
            "Your zero point suits 0 to 255. Ours run from -128 to 127.",
        ),
        Mistake(_sign, "Where does `low` end up with your zero point? It should be -128."),
        Mistake(_not_whole, "The zero point is one of the whole numbers: round it."),
        Mistake(
            lambda low, high: (max(abs(low), abs(high)) / 127, 0),
            "That is the symmetric form, for weights. Here the ends of the range become -128 and "
            "127.",
        ),
        Mistake(
            lambda low, high: (1 / scale_and_zero(low, high)[0], scale_and_zero(low, high)[1]),
            "The scale is what one step is worth, not the steps in a unit.",
        ),
        Mistake(
            lambda low, high: (scale_and_zero(low, high)[0], min(low, 0.0)),
            "The zero point is the whole number that stands for 0.",
        ),
    ),
    hints=(
        "First widen the range to hold 0. Then: 255 steps for high - low; low becomes -128.",
        "low = scale * (-128 - zero). Solve that for zero, and round.",
    ),
    cases=lambda: [(-1.0, 1.55), (0.0, 5.1), (-0.3, 0.1), (2.0, 4.0), (-7.0, -1.0)],
)


def to_int8(x, scale, zero):
    return np.clip(np.round(x / scale) + zero, -128, 127).astype(np.int8)


def _int8_cases():
    rng = np.random.default_rng(163)
    return [
        (np.array([-0.5, 0.0, 0.26, 1.0]), 0.1, -20),
        (rng.normal(0, 2, 30), 0.03, -40),
        (rng.normal(1, 1, (4, 5)), 0.02, -128),
        (np.array([12.7, 12.8, 12.9, 30.0, -30.0]), 0.1, -1),
    ]


TO_INT8 = Exercise(
    task="real numbers to int8",
    reference=to_int8,
    mistakes=(
        Mistake(
            lambda x, scale, zero: np.clip(np.trunc(x / scale) + zero, -128, 127),
            "You cut the fraction off; that is up to a whole step. Round.",
        ),
        Mistake(
            lambda x, scale, zero: (np.round(x / scale) + zero).astype(np.int64).astype(np.int8),
            "Beyond 127 your numbers come out at the other end. Clip them first.",
        ),
        Mistake(
            lambda x, scale, zero: np.round(x / scale) + zero,
            "Some of your numbers do not fit into eight bits.",
        ),
        Mistake(
            lambda x, scale, zero: np.clip(np.round(x / scale) - zero, -128, 127),
            "x = scale * (q - zero). Which sign has zero in q?",
        ),
        Mistake(
            lambda x, scale, zero: np.clip(np.round(x / scale), -128, 127) + zero,
            "Clip last: the limits are those of q, not of x / scale.",
        ),
        Mistake(
            lambda x, scale, zero: np.clip(np.round(x * scale) + zero, -128, 127),
            "The scale is what one step is worth: how many steps are in x?",
        ),
        Mistake(
            lambda x, scale, zero: np.clip(np.round(x / scale), -128, 127),
            "0 must become the zero point.",
        ),
        Mistake(
            lambda x, scale, zero: np.clip(np.round((x + zero) / scale), -128, 127),
            "The zero point counts steps. First divide, then add.",
        ),
        Mistake(
            lambda x, scale, zero: np.clip(np.round(x / scale) + zero, 0, 255),
            "Your limits are those of uint8. int8: -128 to 127.",
        ),
        Mistake(
            lambda x, scale, zero: np.clip(x / scale + zero, -128, 127),
            "int8 holds whole numbers: round.",
        ),
    ),
    hints=(
        "Divide, round, add, clip: in this order.",
        "np.clip(np.round(x / scale) + zero, -128, 127).",
    ),
    cases=_int8_cases,
)


def int8_dot(qx, zero_x, scale_x, qw, scale_w):
    total = np.sum((qx.astype(np.int32) - zero_x) * qw.astype(np.int32))
    return scale_x * scale_w * total


def _whole_part(qx, zero_x, qw):
    return np.sum((qx.astype(int) - zero_x) * qw.astype(int))


def _overflows(qx, zero_x, scale_x, qw, scale_w):
    with np.errstate(over="ignore"):
        return scale_x * scale_w * float(np.sum((qx - np.int8(zero_x)) * qw, dtype=np.int8))


def _products_overflow(qx, zero_x, scale_x, qw, scale_w):
    with np.errstate(over="ignore"):
        products = (qx - np.int8(zero_x)) * qw
    return scale_x * scale_w * float(np.sum(products, dtype=np.int64))


def _sum_in_16_bits(qx, zero_x, scale_x, qw, scale_w):
    products = (qx.astype(np.int16) - zero_x) * qw.astype(np.int16)
    return scale_x * scale_w * float(np.sum(products, dtype=np.int16))


def _dot_cases():
    rng = np.random.default_rng(164)

    def case(n, zero):
        x, w = rng.integers(-128, 128, (2, n), dtype=np.int8)
        return x, zero, 0.02, w, 0.005

    return [
        (np.array([3, -5], np.int8), -10, 0.5, np.array([2, 7], np.int8), 0.1),
        case(9, -30),
        case(300, 12),
        (np.full(30, 90, np.int8), 0, 0.02, np.full(30, 60, np.int8), 0.005),
    ]


INT8_DOT = Exercise(
    task="a dot product in whole numbers",
    reference=int8_dot,
    mistakes=(
        Mistake(
            _overflows,
            "Products and sum of int8 do not fit into int8. Which type has room for them?",
        ),
        Mistake(
            _products_overflow,
            "The sum has room, the products have not: make the numbers wider before they meet.",
        ),
        Mistake(
            _sum_in_16_bits,
            "Each product fits into 16 bits. The sum of many does not: add them in an int32.",
        ),
        Mistake(
            lambda qx, zero_x, scale_x, qw, scale_w: int8_dot(qx, 0, scale_x, qw, scale_w),
            "qx counts from the zero point: take it off.",
        ),
        Mistake(
            lambda qx, zero_x, scale_x, qw, scale_w: (
                scale_x * scale_w * (_whole_part(qx, 0, qw) - zero_x)
            ),
            "The zero point comes off each qx, not off the sum.",
        ),
        Mistake(
            lambda qx, zero_x, scale_x, qw, scale_w: scale_x * _whole_part(qx, zero_x, qw),
            "Both numbers have a scale.",
        ),
        Mistake(
            lambda qx, zero_x, scale_x, qw, scale_w: (
                (scale_x + scale_w) * _whole_part(qx, zero_x, qw)
            ),
            "Each product carries the product of the two scales.",
        ),
        Mistake(
            lambda qx, zero_x, scale_x, qw, scale_w: int8_dot(qx, -zero_x, scale_x, qw, scale_w),
            "x = scale * (q - zero): minus.",
        ),
        Mistake(
            lambda qx, zero_x, scale_x, qw, scale_w: (
                scale_x * scale_w * np.sum((qx.astype(int) - zero_x) * (qw.astype(int) - zero_x))
            ),
            "The weights are symmetric: their zero point is 0.",
        ),
        Mistake(
            lambda qx, zero_x, scale_x, qw, scale_w: _whole_part(qx, zero_x, qw),
            "That is the whole-number part. What is it worth in real units?",
        ),
    ),
    hints=(
        "Write x = scale_x (qx - zero_x) and w = scale_w qw into the sum. What can go in front "
        "of it?",
        "scale_x * scale_w * sum of (qx - zero_x) * qw, with qx and qw as int32.",
    ),
    cases=_dot_cases,
)


def push(memory, chunk):
    return np.concatenate([memory, chunk])[-len(memory) :]


def _padded(memory, chunk):
    new = np.zeros_like(memory)
    chunk = chunk[-len(memory) :]
    new[len(memory) - len(chunk) :] = chunk
    return new


def _rolled_and_written(memory, chunk):
    new = np.roll(memory, -len(chunk))
    new[-len(chunk) :] = chunk[-len(memory) :]
    return new


def _push_cases():
    rng = np.random.default_rng(165)
    memory = np.arange(1.0, 9.0)
    return [
        (memory, np.array([20.0, 21.0, 22.0])),
        (memory, np.array([30.0])),
        (memory, np.empty(0)),
        (memory, np.arange(40.0, 48.0)),
        (rng.normal(size=5), rng.normal(size=12)),
    ]


PUSH = Exercise(
    task="keep the latest samples, whatever the size of a chunk",
    reference=push,
    mistakes=(
        Mistake(
            lambda memory, chunk: np.concatenate([memory, chunk]),
            "Your memory grows with every chunk. After a day it is full.",
        ),
        Mistake(
            lambda memory, chunk: np.concatenate([chunk, memory])[: len(memory)],
            "Time runs from left to right: the newest samples belong at the end.",
        ),
        Mistake(
            lambda memory, chunk: np.concatenate([chunk[::-1], memory])[: len(memory)],
            "You keep the newest sample first. The window is read from the oldest to the newest.",
        ),
        Mistake(
            lambda memory, chunk: np.concatenate([memory, chunk])[: len(memory)],
            "The length is right, but you keep the oldest samples and drop what is new.",
        ),
        Mistake(
            lambda memory, chunk: chunk[-len(memory) :],
            "A chunk shorter than the memory must leave the older samples in it.",
        ),
        Mistake(
            lambda memory, chunk: np.concatenate([memory[len(chunk) :], chunk]),
            "Right for short chunks. What if a chunk is longer than the memory?",
        ),
        Mistake(
            lambda memory, chunk: np.roll(memory, -len(chunk)),
            "You moved the old samples round. Where are the new ones?",
        ),
        Mistake(_padded, "You put zeros where the older samples should be."),
        Mistake(_rolled_and_written, "Nearly: try an empty chunk. new[-0:] is all of new."),
    ),
    hints=(
        "Put the chunk behind the memory, then keep as many samples as the memory had.",
        "np.concatenate([memory, chunk]), and a slice with a negative start.",
    ),
    cases=_push_cases,
)
