"""Exercises of lesson 16, Real time."""

import numpy as np

from medtutor.exercises._lesson_16_int8 import INT8
from medtutor.exercises.engine import Exercise, Mistake


def median_and_p99(seconds, warm_up):
    kept = 1000 * np.asarray(seconds)[warm_up:]
    return np.median(kept), np.percentile(kept, 99)


def percentiles_by_quantile(seconds, warm_up):
    return tuple(1000 * np.quantile(seconds[warm_up:], [0.5, 0.99]))


def _with_the_first_calls(seconds, warm_up):
    return median_and_p99(seconds, 0)


def _mean(seconds, warm_up):
    return 1000 * np.mean(seconds[warm_up:]), median_and_p99(seconds, warm_up)[1]


def _largest(seconds, warm_up):
    return median_and_p99(seconds, warm_up)[0], 1000 * np.max(seconds[warm_up:])


def _in_seconds(seconds, warm_up):
    return tuple(np.array(median_and_p99(seconds, warm_up)) / 1000)


def _microseconds(seconds, warm_up):
    return tuple(np.array(median_and_p99(seconds, warm_up)) * 1000)


def _percentile_of_a_share(seconds, warm_up):
    kept = 1000 * seconds[warm_up:]
    return np.percentile(kept, 50), np.percentile(kept, 0.99)


def _kept_the_first(seconds, warm_up):
    return median_and_p99(seconds[:warm_up], 0)


def _normal(seconds, warm_up):
    kept = 1000 * seconds[warm_up:]
    return np.median(kept), kept.mean() + 2.326 * kept.std()


def _other_order(seconds, warm_up):
    return median_and_p99(seconds, warm_up)[::-1]


def _latency_cases():
    rng = np.random.default_rng(161)

    def case(n, warm_up):
        times = rng.lognormal(-7, 0.4, n)
        times[:warm_up] += 0.3
        times[warm_up + 5 :: 60] += 0.02
        return times, warm_up

    return [case(120, 3), case(400, 10)]


def push(memory, chunk):
    return np.concatenate([memory, chunk])[-len(memory) :]


def push_in_place(memory, chunk):
    new = memory.copy()
    chunk = chunk[-len(memory) :]
    if len(chunk):
        new[: len(new) - len(chunk)] = memory[len(chunk) :]
        new[len(new) - len(chunk) :] = chunk
    return new


def _grows(memory, chunk):
    return np.concatenate([memory, chunk])


def _newest_first(memory, chunk):
    return np.concatenate([chunk, memory])[: len(memory)]


def _newest_first_turned(memory, chunk):
    return np.concatenate([chunk[::-1], memory])[: len(memory)]


def _keeps_the_oldest(memory, chunk):
    return np.concatenate([memory, chunk])[: len(memory)]


def _only_the_chunk(memory, chunk):
    return chunk[-len(memory) :]


def _short_chunks_only(memory, chunk):
    return np.concatenate([memory[len(chunk) :], chunk])


def _rolls(memory, chunk):
    return np.roll(memory, -len(chunk))


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


LATENCY = Exercise(
    key="16.1",
    task="median and 99th percentile of call times, in milliseconds",
    reference=median_and_p99,
    second=percentiles_by_quantile,
    mistakes=(
        Mistake(_with_the_first_calls, "The first calls pay for things that are paid once. Leave "
                "the first `warm_up` out."),
        Mistake(_mean, "Your first number is the mean: one late call moves it. Take the median."),
        Mistake(_largest, "Your second number is the worst call of all; it grows with the number "
                "of calls. Asked for is the time that 99 of 100 keep."),
        Mistake(_in_seconds, "The times come in seconds. Milliseconds are asked for."),
        Mistake(_microseconds, "A second has 1,000 milliseconds; you count in microseconds."),
        Mistake(_percentile_of_a_share, "np.percentile counts to 100, np.quantile to 1."),
        Mistake(_kept_the_first, "You kept the warm-up and dropped the rest: seconds[warm_up:]."),
        Mistake(_normal, "Call times are not normally distributed: their tail is on one side. Take "
                "the percentile of the times themselves."),
        Mistake(_other_order, "Right numbers, other order: first the median."),
    ),
    hints=(
        "Drop the warm-up, turn seconds into milliseconds, then take two percentiles.",
        "np.median(x) and np.percentile(x, 99) for x = 1000 * seconds[warm_up:].",
    ),
    cases=_latency_cases,
)  # fmt: skip

PUSH = Exercise(
    key="16.5",
    task="keep the latest samples, whatever the size of a chunk",
    reference=push,
    second=push_in_place,
    mistakes=(
        Mistake(_grows, "Your memory grows with every chunk. After a day it is full."),
        Mistake(_newest_first, "Time runs from left to right: the newest samples belong at the "
                "end."),
        Mistake(_newest_first_turned, "You keep the newest sample first. The window is read from "
                "the oldest to the newest."),
        Mistake(_keeps_the_oldest, "The length is right, but you keep the oldest samples and drop "
                "what is new."),
        Mistake(_only_the_chunk, "A chunk shorter than the memory must leave the older samples "
                "in it."),
        Mistake(_short_chunks_only, "Right for short chunks. What if a chunk is longer than the "
                "memory?"),
        Mistake(_rolls, "You moved the old samples round. Where are the new ones?"),
        Mistake(_padded, "You put zeros where the older samples should be."),
        Mistake(_rolled_and_written, "Nearly: try an empty chunk. new[-0:] is all of new."),
    ),
    hints=(
        "Put the chunk behind the memory, then keep as many samples as the memory had.",
        "np.concatenate([memory, chunk]), and a slice with a negative start.",
    ),
    cases=_push_cases,
)  # fmt: skip

EXERCISES = (LATENCY, *INT8, PUSH)
