"""Exercises: name every beat."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def class_of(symbols, table):
    number = {code: k for k, codes in enumerate(table.values()) for code in codes}
    return np.array([number[symbol] for symbol in symbols])


def _in_any_case(symbols, table):
    number = {code.lower(): k for k, codes in enumerate(table.values()) for code in codes}
    return np.array([number[symbol.lower()] for symbol in symbols])


def _by_name(symbols, table):
    names = list(table)
    return np.array([names.index(s) if s in names else len(names) - 1 for s in symbols])


def _code_cases():
    table = {"N": ("N", "L", "R", "e"), "S": ("A", "a", "J"), "V": ("V", "E"), "F": ("F",)}
    two = {"wide": ("V", "L", "E"), "narrow": ("N", "a", "A", "e", "F")}
    return [(list("NNAVLFRaJEe"), table), (np.array(list("LLaVN")), table), (list("eVFNAL"), two)]


CLASS_OF = Exercise(
    task="the class of each beat from its code",
    reference=class_of,
    mistakes=(
        Mistake(_in_any_case, "Capitals matter: an A is not an a, and an E is no e."),
        Mistake(
            _by_name,
            "A code belongs to the class whose tuple holds it; few codes are the name of a class.",
        ),
        Mistake(
            lambda symbols, table: class_of(symbols, table) + 1,
            "The first class has the number 0.",
        ),
        Mistake(
            lambda symbols, table: np.array(list(table))[class_of(symbols, table)],
            "That is the name of the class. Asked for is its number, its place in the table.",
        ),
        Mistake(
            lambda symbols, table: np.unique(symbols, return_inverse=True)[1],
            "You numbered the codes. Several codes share one class.",
        ),
        Mistake(
            lambda symbols, table: np.eye(len(table))[class_of(symbols, table)],
            "One number for each beat, please, not a row of zeros and a one.",
        ),
    ),
    hints=(
        "Turn the table round first: a dictionary from each code to the number of its class.",
        "{code: k for k, codes in enumerate(table.values()) for code in codes}, then look up each "
        "symbol.",
    ),
    cases=_code_cases,
)


def rr_ratios(beats):
    rr = np.diff(beats)
    return np.stack([rr[:-1], rr[1:]], axis=1) / rr.mean()


def _beat_cases():
    early = np.array([0, 300, 600, 780, 1200, 1500])
    return [(early,), (np.array([50, 330, 600, 905, 1180]),), (np.cumsum([3, 5, 2, 7, 4, 4]) / 7,)]


RR_RATIOS = Exercise(
    task="the intervals before and after each beat, in mean intervals",
    reference=rr_ratios,
    mistakes=(
        Mistake(
            lambda beats: rr_ratios(beats)[:, ::-1],
            "First the interval before the beat, then the one after it.",
        ),
        Mistake(
            lambda beats: rr_ratios(beats) * np.diff(beats).mean(),
            "Those are samples. Divide by the mean interval.",
        ),
        Mistake(
            lambda beats: rr_ratios(beats) * np.diff(beats).mean() / np.median(np.diff(beats)),
            "Asked for is the mean interval, not the median.",
        ),
        Mistake(
            lambda beats: 1 / rr_ratios(beats),
            "An early beat has a short interval before it: its first ratio lies below 1.",
        ),
        Mistake(
            lambda beats: rr_ratios(beats).T,
            "One row for each beat, two columns.",
        ),
        Mistake(
            lambda beats: (
                np.stack([np.r_[np.nan, np.diff(beats)], np.r_[np.diff(beats), np.nan]], axis=1)
                / np.diff(beats).mean()
            ),
            "The first and the last beat have no interval on one side: leave them out.",
        ),
        Mistake(
            lambda beats: (
                np.stack([np.diff(beats)[:-1], np.diff(beats)[:-1]], 1) / np.diff(beats).mean()
            ),
            "Both columns are the interval before. The one after a beat is the next of the list.",
        ),
        Mistake(
            lambda beats: np.log(rr_ratios(beats)),
            "The logarithm comes later. Here only the ratio is asked for.",
        ),
    ),
    hints=(
        "n beats have n - 1 intervals. Which of them lies before the second beat, which after it?",
        "rr = np.diff(beats); the columns are rr[:-1] and rr[1:], divided by rr.mean().",
    ),
    cases=_beat_cases,
)


def from_median_beat(windows):
    usual = np.median(windows, axis=0)
    return (windows - usual) / np.ptp(usual, axis=0)


def _scaled_by(windows, height):
    return (windows - np.median(windows, axis=0)) / height


def _window_cases():
    rng = np.random.default_rng(233)
    usual = np.stack([np.sin(np.arange(12)), 3 * np.cos(np.arange(12) / 2)], axis=1)
    many = usual + 0.2 * rng.normal(size=(9, 12, 2))
    many[3] *= -4
    return [(many,), (many[:6, :5] - 2,)]


FROM_MEDIAN_BEAT = Exercise(
    task="the difference of each beat from the median beat, in heights of that beat",
    reference=from_median_beat,
    mistakes=(
        Mistake(
            lambda windows: (windows - windows.mean(axis=0)) / np.ptp(windows.mean(axis=0), axis=0),
            "A few odd beats move the mean; the median does not see them.",
        ),
        Mistake(
            lambda windows: _scaled_by(windows, 1),
            "Still in millivolts. Divide by the height of the median beat.",
        ),
        Mistake(
            lambda windows: _scaled_by(windows, np.ptp(windows, axis=1, keepdims=True)),
            "Each beat divided by its own height: a tall beat looks like the others again.",
        ),
        Mistake(
            lambda windows: _scaled_by(windows, np.ptp(np.median(windows, axis=0))),
            "Each lead has a height of its own.",
        ),
        Mistake(
            lambda windows: _scaled_by(windows, np.median(windows, axis=0).max(axis=0)),
            "The height goes from the lowest to the highest sample.",
        ),
        Mistake(
            lambda windows: _scaled_by(windows, np.median(windows, axis=0).std(axis=0)),
            "That is the spread of the median beat, not its height.",
        ),
        Mistake(
            lambda windows: (
                (windows - np.median(windows, axis=1, keepdims=True))
                / np.ptp(np.median(windows, axis=0), axis=0)
            ),
            "That is the median over time. The median beat is the median over beats.",
        ),
        Mistake(
            lambda windows: windows / np.ptp(np.median(windows, axis=0), axis=0),
            "The scale is right. The median beat is still in there.",
        ),
        Mistake(
            lambda windows: -from_median_beat(windows),
            "Beat minus median beat, in this order.",
        ),
    ),
    hints=(
        "The median beat has one value for each sample and lead: over which axis is the median?",
        "usual = np.median(windows, axis=0); the height of each lead is np.ptp(usual, axis=0).",
    ),
    cases=_window_cases,
)


def scores(table, k):
    hit, true, called = table[k, k], table[k].sum(), table[:, k].sum()
    sensitivity = hit / true if true else np.nan
    ppv = hit / called if called else np.nan
    f1 = 2 * hit / (true + called) if true + called else np.nan
    return sensitivity, ppv, f1


def _zero_for_none(table, k):
    return tuple(np.nan_to_num(scores(table, k)))


def _f1_of_two(table, k):
    sensitivity, ppv, _ = scores(table, k)
    return sensitivity, ppv, 2 * sensitivity * ppv / (sensitivity + ppv) if ppv > 0 else np.nan


def _mean_of_two(table, k):
    sensitivity, ppv, _ = scores(table, k)
    return sensitivity, ppv, (sensitivity + ppv) / 2


def _specificity(table, k):
    sensitivity, _, f1 = scores(table, k)
    others = table.sum() - table[k].sum()
    return sensitivity, 1 - (table[:, k].sum() - table[k, k]) / others, f1


def _share_of_all(table, k):
    return tuple(table[k, k] / table.sum() for _ in range(3))


def _table_cases():
    full = np.array([[90, 4, 6], [3, 20, 7], [2, 0, 40]])
    absent = np.array([[50, 2, 1, 0], [1, 6, 0, 0], [0, 0, 0, 0], [4, 1, 0, 0]])
    return [
        (full, 0),
        (full, 1),
        (full, 2),
        (absent, 1),
        (absent, 2),
        (absent, 3),
        (np.diag([5, 0, 3]), 1),
        (np.diag([5, 0, 3]), 0),
    ]


SCORES = Exercise(
    task="sensitivity, positive predictive value and F1 of a class",
    reference=scores,
    mistakes=(
        Mistake(
            lambda table, k: scores(table.T, k),
            "Rows are true classes, columns are what was called.",
        ),
        Mistake(
            _zero_for_none,
            "0 says that every one was missed. Where there is none to find, the answer is np.nan.",
        ),
        Mistake(
            _f1_of_two,
            "Beats that are there and never called have an F1: 0. Use hits, true and called.",
        ),
        Mistake(_mean_of_two, "F1 is the harmonic mean, not the arithmetic one."),
        Mistake(
            _specificity,
            "The second is the share of what was called that is right, not the specificity.",
        ),
        Mistake(
            _share_of_all,
            "Divide by the beats of this class, or by those called so, not by all beats.",
        ),
        Mistake(
            lambda table, k: tuple(100 * v for v in scores(table, k)),
            "Shares from 0 to 1, please, not per cent.",
        ),
    ),
    hints=(
        "Three counts are enough: hits table[k, k], true beats in the row, called beats in the "
        "column.",
        "hit / true, hit / called, 2 * hit / (true + called); np.nan where a divisor is 0.",
    ),
    cases=_table_cases,
)


def soft_weights(counts, power):
    there = counts > 0
    raw = np.zeros(len(counts))
    raw[there] = counts[there] ** -power
    return raw * counts.sum() / (raw * counts).sum()


def _raw(counts, power):
    return np.where(counts > 0, np.maximum(counts, 1.0) ** -power, 0.0)


def _mean_over_classes(counts, power):
    raw = _raw(counts, power)
    return raw / raw[counts > 0].mean()


def _absent_counts(counts, power):
    raw = np.maximum(counts, 1.0) ** -power
    return raw * counts.sum() / (raw * counts).sum()


SOFT_WEIGHTS = Exercise(
    task="weights of the classes, softened by a power",
    reference=soft_weights,
    mistakes=(
        Mistake(_raw, "The mean weight of a beat must be 1: divide by what it is now."),
        Mistake(
            _mean_over_classes,
            "The mean over beats, not over classes: a common class counts more often.",
        ),
        Mistake(
            lambda counts, power: soft_weights(counts, 1.0),
            "That is full balance. Take the counts to the power that is given.",
        ),
        Mistake(
            lambda counts, power: soft_weights(counts, -power),
            "That gives a common class the larger weight.",
        ),
        Mistake(_absent_counts, "A class without a beat has nothing to weigh: 0."),
        Mistake(
            lambda counts, power: _raw(counts, power) / _raw(counts, power).sum(),
            "These sum to 1. Asked for is a mean of 1 over all beats.",
        ),
        Mistake(
            lambda counts, power: np.full(len(counts), 1.0),
            "Equal weights: what became of the counts?",
        ),
    ),
    hints=(
        "First counts ** -power, with 0 where the count is 0; then one factor for all of them.",
        "The mean weight is sum(raw * counts) / sum(counts); divide raw by it.",
    ),
    cases=lambda: [
        (np.array([900, 9, 91]), 0.5),
        (np.array([400, 25, 0, 64]), 0.5),
        (np.array([10, 40]), 1.0),
        (np.array([12, 1, 27]), 0.25),
    ],
)


def softmax_each_step(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _softmax(z, axis):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _naive(z):
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


def _step_cases():
    z = np.random.default_rng(236).normal(0, 2, (2, 5, 4))
    return [(z,), (z[:, :3, :3] * 500,)]


SOFTMAX_EACH_STEP = Exercise(
    task="a softmax at every step of a sequence",
    reference=softmax_each_step,
    mistakes=(
        Mistake(
            lambda z: _softmax(z, 1),
            "Your steps compete with each other. At each step the classes must sum to 1.",
        ),
        Mistake(
            lambda z: _softmax(z, (1, 2)),
            "One sum for the whole sequence. Each step has a sum of its own.",
        ),
        Mistake(
            lambda z: _softmax(z, 0),
            "The first axis holds sequences, which have nothing to do with each other.",
        ),
        Mistake(_naive, "exp(1000) is too large. Take off the largest of each step first."),
        Mistake(
            lambda z: softmax_each_step(z)[:, -1],
            "That is the last step only. Every beat gets its answer.",
        ),
        Mistake(
            lambda z: softmax_each_step(z).argmax(axis=-1),
            "Those are the chosen classes. Asked for are the probabilities.",
        ),
        Mistake(
            lambda z: 1 / (1 + np.exp(-np.clip(z, -500, 500))),
            "A sigmoid asks each class by itself; the classes of a step need not sum to 1.",
        ),
    ),
    hints=(
        "Which axis holds the classes? Along it, and it alone, the probabilities sum to 1.",
        "e = np.exp(z - z.max(axis=-1, keepdims=True)), divided by its sum along the same axis.",
    ),
    cases=_step_cases,
)
