"""Exercises of lesson 15, missing data."""

import numpy as np

from medtutor.exercises._lesson_15_tables import TABLES
from medtutor.exercises.engine import Exercise, Mistake

LOST = 0.02  # probability that a packet gets lost
PACKETS = 20  # packets of a window


def interpolate(x, missing):
    index = np.arange(len(x))
    filled = x.copy()
    filled[missing] = np.interp(index[missing], index[~missing], x[~missing])
    return filled


def interpolate_gap_by_gap(x, missing):
    filled = [float(v) for v in x]
    known = [i for i in range(len(x)) if not missing[i]]
    for i in range(len(x)):
        if missing[i]:
            before = [k for k in known if k < i]
            after = [k for k in known if k > i]
            left, right = (before or after[:1])[-1], (after or before[-1:])[0]
            share = 0.5 if left == right else (i - left) / (right - left)
            filled[i] = (1 - share) * filled[left] + share * filled[right]
    return np.array(filled)


def _straight(x, missing, ends):
    """Interpolate, with something else in front of the first and after the last known sample."""
    filled = interpolate(x, missing)
    known = np.flatnonzero(~missing)
    first, last = known[0], known[-1]
    filled[:first], filled[last + 1 :] = ends(filled, first, last)
    return filled


def _goes_on_with_the_slope(x, missing):
    def ends(f, first, last):
        before = f[first] + (f[first + 1] - f[first]) * np.arange(-first, 0)
        after = f[last] + (f[last] - f[last - 1]) * np.arange(1, len(f) - last)
        return before, after

    return _straight(x, missing, ends)


def _ends_left_open(x, missing):
    return _straight(x, missing, lambda f, first, last: (np.nan, np.nan))


def _ends_zero(x, missing):
    return _straight(x, missing, lambda f, first, last: (0.0, 0.0))


def _shared(x, missing, weight):
    """Interpolate with another idea of how far along the gap a sample lies."""
    filled, held = interpolate(x, missing), x.copy()
    known = np.flatnonzero(~missing)
    for i in np.flatnonzero(missing):
        if known[0] < i < known[-1]:
            left, right = known[known < i][-1], known[known > i][0]
            t = weight(i, left, right)
            held[i] = (1 - t) * x[left] + t * x[right]
        else:
            held[i] = filled[i]
    return held


def _one_too_early(x, missing):
    return _shared(x, missing, lambda i, left, right: (i - left - 1) / (right - left))


def _ends_inside_the_gap(x, missing):
    return _shared(x, missing, lambda i, left, right: (i - left - 1) / max(1, right - left - 2))


def _turned_round(x, missing):
    return _shared(x, missing, lambda i, left, right: (right - i) / (right - left))


def _middle(x, missing):
    return _shared(x, missing, lambda i, left, right: 0.5)


def _held(x, missing):
    return _shared(x, missing, lambda i, left, right: 0.0)


def _mean_of_all(x, missing):
    return np.where(missing, x[~missing].mean(), x)


def _only_the_gaps(x, missing):
    return interpolate(x, missing)[missing]


def _gap_cases():
    nan = np.nan
    x = np.array([0.1, nan, nan, nan, 0.9, 0.5, nan, 0.2])
    edges = np.array([nan, nan, 1.0, 3.0, nan, nan, 6.0, 5.0, nan, nan])
    wide = np.array([2.0, 1.0, nan, nan, nan, nan, -4.0, nan])
    return [(a, np.isnan(a)) for a in (x, edges, wide)]


def hidden_rmse(truth, filled, hidden):
    return np.sqrt(np.mean((filled[hidden] - truth[hidden]) ** 2))


def hidden_rmse_by_weights(truth, filled, hidden):
    square = ((filled - truth) * hidden) ** 2
    return float(square.sum() / hidden.sum()) ** 0.5


def _over_all(truth, filled, hidden):
    return np.sqrt(np.mean((filled - truth) ** 2))


def _without_root(truth, filled, hidden):
    return np.mean((filled[hidden] - truth[hidden]) ** 2)


def _absolute(truth, filled, hidden):
    return np.mean(np.abs(filled[hidden] - truth[hidden]))


def _signs_cancel(truth, filled, hidden):
    return np.abs(np.mean(filled[hidden] - truth[hidden]))


def _known_ones(truth, filled, hidden):
    return np.sqrt(np.mean((filled[~hidden] - truth[~hidden]) ** 2))


def _zeros_counted(truth, filled, hidden):
    return np.sqrt(np.mean(np.where(hidden, filled - truth, 0.0) ** 2))


def _summed(truth, filled, hidden):
    return np.sqrt(np.sum((filled[hidden] - truth[hidden]) ** 2))


def _spread_of_error(truth, filled, hidden):
    return np.std(filled[hidden] - truth[hidden])


def _hidden_cases():
    rng = np.random.default_rng(153)
    cases = []
    for samples, first, stop in ((12, 3, 7), (30, 10, 12), (9, 1, 8)):
        truth = rng.normal(0, 1, samples)
        hidden = np.zeros(samples, bool)
        hidden[first:stop] = True
        # What is known moves a little too: a filter ran over the whole signal.
        filled = truth + np.where(hidden, rng.normal(0.3, 0.8, samples), 0.05)
        cases.append((truth, filled, hidden))
    return cases


EXERCISES = (
    Exercise(
        key="15.1",
        task="share of windows that deletion throws away",
        reference=1 - (1 - LOST) ** PACKETS,
        second=sum((1 - LOST) ** k * LOST for k in range(PACKETS)),
        mistakes=(
            Mistake((1 - LOST) ** PACKETS, "That is the share of windows that stay whole."),
            Mistake(
                LOST * PACKETS,
                "Adding counts a window twice that has lost two packets. Which windows are whole?",
            ),
            Mistake(LOST, "That is the share of packets. One lost packet spoils a whole window."),
            Mistake(LOST**PACKETS, "So often all packets are lost. One is enough."),
            Mistake(
                100 * (1 - (1 - LOST) ** PACKETS), "Give a share between 0 and 1, not per cent."
            ),
        ),
        hints=(
            "A window is whole if its first packet arrives, and its second, and all the others.",
            "Independent chances multiply: 0.98 for each packet. The rest is lost.",
        ),
        rtol=0.01,
    ),
    Exercise(
        key="15.2",
        task="straight lines across gaps",
        reference=interpolate,
        second=interpolate_gap_by_gap,
        mistakes=(
            Mistake(
                _goes_on_with_the_slope,
                "At the ends you go on with the slope of the last two samples. A heart does not; "
                "hold the nearest value.",
            ),
            Mistake(
                _ends_left_open,
                "NaN is left where the signal begins or ends with a gap. Hold the nearest value.",
            ),
            Mistake(
                _ends_zero, "At the ends you put 0, which nobody measured. Hold the nearest value."
            ),
            Mistake(
                _one_too_early,
                "Your line comes one sample late: the first missing sample is already one step "
                "away from its neighbour.",
            ),
            Mistake(
                _ends_inside_the_gap,
                "Your line reaches its ends on the first and the last missing sample. It should "
                "reach them on their known neighbours.",
            ),
            Mistake(_turned_round, "The nearer neighbour should count more; with you it is less."),
            Mistake(_middle, "Everywhere the same weight of both neighbours: a step, no line."),
            Mistake(_held, "You hold the last value. The neighbour on the right counts as well."),
            Mistake(_mean_of_all, "That is mean filling. Use the two neighbours of each gap."),
            Mistake(_only_the_gaps, "Return the whole signal, known samples included."),
        ),
        hints=(
            "np.interp(where, where it is known, what is known there) draws straight lines.",
            "i = np.arange(len(x)); np.interp(i[missing], i[~missing], x[~missing]) gives the "
            "missing values; it holds the nearest one at the ends.",
        ),
        cases=_gap_cases,
    ),
    Exercise(
        key="15.3",
        task="root mean square error of the hidden samples",
        reference=hidden_rmse,
        second=hidden_rmse_by_weights,
        mistakes=(
            Mistake(
                _over_all,
                "You average over all samples. The known ones are easy and water the error down.",
            ),
            Mistake(_without_root, "That is in mV². Take the root."),
            Mistake(_absolute, "That is the mean absolute error. Square, average, take the root."),
            Mistake(_signs_cancel, "Errors up and down cancel. Square them before you average."),
            Mistake(_known_ones, "That is the error where nothing was hidden: turn it round."),
            Mistake(
                _zeros_counted,
                "The sum is right, the number of samples is not: divide by the hidden ones only.",
            ),
            Mistake(_summed, "Divide by the number of hidden samples before you take the root."),
            Mistake(
                _spread_of_error,
                "The standard deviation takes the mean error off, and that is part of the error.",
            ),
        ),
        hints=(
            "Pick the hidden samples first: truth[hidden] and filled[hidden].",
            "The root of the mean of (filled[hidden] - truth[hidden]) squared.",
        ),
        cases=_hidden_cases,
    ),
    *TABLES,
)
