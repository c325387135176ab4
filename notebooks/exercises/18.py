"""Exercises: missing data."""

import numpy as np

from medtutor.exercises import Exercise, Mistake

LOST = 0.02  # probability that a packet gets lost
PACKETS = 20  # packets of a window

SHARE_LOST = Exercise(
    task="share of windows that deletion throws away",
    reference=1 - (1 - LOST) ** PACKETS,
    mistakes=(
        Mistake((1 - LOST) ** PACKETS, "That is the share of windows that stay whole."),
        Mistake(
            LOST * PACKETS,
            "Adding counts a window twice that has lost two packets. Which windows are whole?",
        ),
        Mistake(LOST, "That is the share of packets. One lost packet spoils a whole window."),
        Mistake(LOST**PACKETS, "So often all packets are lost. One is enough."),
        Mistake(100 * (1 - (1 - LOST) ** PACKETS), "Give a share between 0 and 1, not per cent."),
    ),
    hints=(
        "A window is whole if its first packet arrives, and its second, and all the others.",
        "Independent chances multiply: 0.98 for each packet. The rest is lost.",
    ),
    rtol=0.01,
)


def interpolate(x, missing):
    index = np.arange(len(x))
    filled = x.copy()
    filled[missing] = np.interp(index[missing], index[~missing], x[~missing])
    return filled


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


def _shared(x, missing, weight):
    """Interpolate with another idea of how far along the gap a sample lies."""
    filled, held = interpolate(x, missing), x.copy()
    known = np.flatnonzero(~missing)
    for i in np.flatnonzero(missing):
        if known[0] < i < known[-1]:
            left, right = known[known < i][-1], known[known > i][0]
            t = weight(i - left, right - left)
            held[i] = (1 - t) * x[left] + t * x[right]
        else:
            held[i] = filled[i]
    return held


def _gap_cases():
    nan = np.nan
    x = np.array([0.1, nan, nan, nan, 0.9, 0.5, nan, 0.2])
    edges = np.array([nan, nan, 1.0, 3.0, nan, nan, 6.0, 5.0, nan, nan])
    wide = np.array([2.0, 1.0, nan, nan, nan, nan, -4.0, nan])
    return [(a, np.isnan(a)) for a in (x, edges, wide)]


INTERPOLATE = Exercise(
    task="straight lines across gaps",
    reference=interpolate,
    mistakes=(
        Mistake(
            _goes_on_with_the_slope,
            "At the ends you go on with the slope of the last two samples. A heart does not; "
            "hold the nearest value.",
        ),
        Mistake(
            lambda x, missing: _straight(x, missing, lambda f, first, last: (np.nan, np.nan)),
            "NaN is left where the signal begins or ends with a gap. Hold the nearest value.",
        ),
        Mistake(
            lambda x, missing: _straight(x, missing, lambda f, first, last: (0.0, 0.0)),
            "At the ends you put 0, which nobody measured. Hold the nearest value.",
        ),
        Mistake(
            lambda x, missing: _shared(x, missing, lambda steps, gap: (steps - 1) / gap),
            "Your line comes one sample late: the first missing sample is already one step away "
            "from its neighbour.",
        ),
        Mistake(
            lambda x, missing: _shared(
                x, missing, lambda steps, gap: (steps - 1) / max(1, gap - 2)
            ),
            "Your line reaches its ends on the first and the last missing sample. It should "
            "reach them on their known neighbours.",
        ),
        Mistake(
            lambda x, missing: _shared(x, missing, lambda steps, gap: (gap - steps) / gap),
            "The nearer neighbour should count more; with you it is less.",
        ),
        Mistake(
            lambda x, missing: _shared(x, missing, lambda steps, gap: 0.5),
            "Everywhere the same weight of both neighbours: a step, no line.",
        ),
        Mistake(
            lambda x, missing: _shared(x, missing, lambda steps, gap: 0.0),
            "You hold the last value. The neighbour on the right counts as well.",
        ),
        Mistake(
            lambda x, missing: np.where(missing, x[~missing].mean(), x),
            "That is mean filling. Use the two neighbours of each gap.",
        ),
        Mistake(
            lambda x, missing: interpolate(x, missing)[missing],
            "Return the whole signal, known samples included.",
        ),
    ),
    hints=(
        "np.interp(where, where it is known, what is known there) draws straight lines.",
        "i = np.arange(len(x)); np.interp(i[missing], i[~missing], x[~missing]) gives the "
        "missing values; it holds the nearest one at the ends.",
    ),
    cases=_gap_cases,
)


def hidden_rmse(truth, filled, hidden):
    return np.sqrt(np.mean((filled[hidden] - truth[hidden]) ** 2))


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


HIDDEN_RMSE = Exercise(
    task="root mean square error of the hidden samples",
    reference=hidden_rmse,
    mistakes=(
        Mistake(
            lambda truth, filled, hidden: np.sqrt(np.mean((filled - truth) ** 2)),
            "You average over all samples. The known ones are easy and water the error down.",
        ),
        Mistake(
            lambda truth, filled, hidden: np.mean((filled[hidden] - truth[hidden]) ** 2),
            "That is in mV². Take the root.",
        ),
        Mistake(
            lambda truth, filled, hidden: np.mean(np.abs(filled[hidden] - truth[hidden])),
            "That is the mean absolute error. Square, average, take the root.",
        ),
        Mistake(
            lambda truth, filled, hidden: np.abs(np.mean(filled[hidden] - truth[hidden])),
            "Errors up and down cancel. Square them before you average.",
        ),
        Mistake(
            lambda truth, filled, hidden: np.sqrt(np.mean((filled[~hidden] - truth[~hidden]) ** 2)),
            "That is the error where nothing was hidden: turn it round.",
        ),
        Mistake(
            lambda truth, filled, hidden: np.sqrt(np.mean((hidden * (filled - truth)) ** 2)),
            "The sum is right, the number of samples is not: divide by the hidden ones only.",
        ),
        Mistake(
            lambda truth, filled, hidden: np.sqrt(np.sum((filled[hidden] - truth[hidden]) ** 2)),
            "Divide by the number of hidden samples before you take the root.",
        ),
        Mistake(
            lambda truth, filled, hidden: np.std(filled[hidden] - truth[hidden]),
            "The standard deviation takes the mean error off, and that is part of the error.",
        ),
    ),
    hints=(
        "Pick the hidden samples first: truth[hidden] and filled[hidden].",
        "The root of the mean of (filled[hidden] - truth[hidden]) squared.",
    ),
    cases=_hidden_cases,
)


STORIES = Exercise(
    task="name the mechanism of four stories",
    reference=["mcar", "mar", "mnar", "mnar"],
    mistakes=(
        Mistake(
            ["mcar", "mnar", "mnar", "mnar"],
            "In the second story the blood pressure decides, and everybody's is written down.",
        ),
        Mistake(
            ["mcar", "mar", "mar", "mnar"],
            "In the third story, who decides? The pain, which is the very thing not known.",
        ),
        Mistake(
            ["mcar", "mar", "mnar", "mar"],
            "In the fourth story the height of the beat decides, and the height is what is lost.",
        ),
        Mistake(
            ["mar", "mar", "mnar", "mnar"],
            "Flat batteries ask for nobody's values. Which word has 'completely' in it?",
        ),
        Mistake(
            ["mcar", "mar", "mar", "mar"],
            "In the last two stories the value itself decides, and it is not known.",
        ),
        Mistake(
            ["mcar", "mcar", "mnar", "mnar"],
            "In the second story lactate is missing more often at a normal pressure: that is not "
            "chance alone.",
        ),
    ),
    hints=(
        "Ask of each story: what decides whether the value is missing? Is that thing known?",
        "Nothing but chance: mcar. Something that is known: mar. The lost value itself: mnar.",
    ),
)


def mean_fill(x, train):
    means = np.nanmean(x[train], axis=0)
    return np.where(np.isnan(x), means, x)


def _fill(x, means):
    return np.where(np.isnan(x), means, x)


def _each_part_its_own(x, train):
    filled = _fill(x, np.nanmean(np.delete(x, train, axis=0), axis=0))
    filled[train] = mean_fill(x, train)[train]
    return filled


def _fill_cases():
    nan = np.nan
    x = np.array([[1.0, 10.0], [nan, 20.0], [4.0, nan], [9.0, 70.0], [7.0, nan], [8.0, 60.0]])
    y = np.array([[2.0, 5.0, 1.0], [nan, 7.0, 2.0], [6.0, nan, 3.0], [3.0, 1.0, nan]])
    return [(x, np.array([0, 1, 2])), (y, np.array([0, 2])), (x, np.array([5, 3, 0, 2]))]


MEAN_FILL = Exercise(
    task="mean filling, fitted on the training rows",
    reference=mean_fill,
    mistakes=(
        Mistake(
            lambda x, train: np.where(np.isnan(x), np.nanmean(x, axis=0), x),
            "Your mean is taken over all rows: the test rows have leaked into it.",
        ),
        Mistake(
            lambda x, train: np.where(np.isnan(x), np.nanmean(x[train]), x),
            "One mean for the whole table mixes units. Take axis=0.",
        ),
        Mistake(
            lambda x, train: np.where(np.isnan(x), np.nanmean(x, axis=1, keepdims=True), x),
            "You average along the row, over different quantities.",
        ),
        Mistake(
            lambda x, train: np.nan_to_num(x),
            "0 is a value like any other, and here an unlikely one.",
        ),
        Mistake(
            lambda x, train: _fill(x, np.nanmean(np.delete(x, train, axis=0), axis=0)),
            "You have fitted on the rows that are not for training.",
        ),
        Mistake(
            _each_part_its_own,
            "The test rows are filled with a mean of their own. A patient who comes alone has "
            "none; use that of the training rows.",
        ),
        Mistake(
            lambda x, train: _fill(x, np.nan_to_num(x[train]).mean(axis=0)),
            "Your mean counts a missing entry as 0. np.nanmean leaves it out.",
        ),
        Mistake(
            lambda x, train: mean_fill(x, train)[train],
            "Fit on the training rows, but return all rows.",
        ),
        Mistake(
            lambda x, train: np.where(np.isnan(x), x[train].mean(axis=0), x),
            "The mean of a column with NaN is NaN. np.nanmean leaves NaN out.",
        ),
        Mistake(
            lambda x, train: np.tile(np.nanmean(x[train], axis=0), (len(x), 1)),
            "Known entries must stay as they are.",
        ),
    ),
    hints=(
        "np.nanmean(x[train], axis=0) is the mean of each column over the training rows.",
        "np.where(np.isnan(x), means, x) puts it where an entry is missing.",
    ),
    cases=_fill_cases,
)


def with_indicator(x, means):
    missing = np.isnan(x)
    return np.hstack([np.where(missing, means, x), missing])


def _indicator_cases():
    nan = np.nan
    x = np.array([[1.0, nan], [nan, nan], [3.0, 8.0]])
    y = np.array([[nan, 2.0, 5.0], [4.0, nan, 6.0]])
    return [(x, np.array([2.0, 7.0])), (y, np.array([9.0, 3.0, 5.5]))]


WITH_INDICATOR = Exercise(
    task="fill, and say where",
    reference=with_indicator,
    mistakes=(
        Mistake(
            lambda x, means: np.hstack([_fill(x, means), np.isnan(_fill(x, means))]),
            "All your indicators are 0: after filling nothing is missing. Ask before.",
        ),
        Mistake(
            lambda x, means: np.hstack([_fill(x, means), ~np.isnan(x)]),
            "Your indicator is 1 where a value is known. Turn it round.",
        ),
        Mistake(
            lambda x, means: _fill(x, means),
            "The table is filled. Where does it say what was missing?",
        ),
        Mistake(
            lambda x, means: np.column_stack([_fill(x, means), np.isnan(x).any(axis=1)]),
            "One indicator for each column, not one for the row.",
        ),
        Mistake(
            lambda x, means: np.hstack([np.isnan(x), _fill(x, means)]),
            "The filled columns come first, the indicators after them.",
        ),
        Mistake(
            lambda x, means: np.stack([_fill(x, means), np.isnan(x)], axis=2).reshape(len(x), -1),
            "First all filled columns, then all indicators, not in turn.",
        ),
        Mistake(
            lambda x, means: np.hstack([x, np.isnan(x)]),
            "The gaps are still NaN. Put the mean of the column there.",
        ),
        Mistake(
            lambda x, means: np.vstack([_fill(x, means), np.isnan(x)]),
            "The indicators are columns beside the table, not rows below it.",
        ),
    ),
    hints=(
        "missing = np.isnan(x) first; then fill; then set both side by side.",
        "np.hstack([np.where(missing, means, x), missing]).",
    ),
    cases=_indicator_cases,
)
