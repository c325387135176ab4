"""Exercises: heart rate with an LSTM."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def to_bpm(z, rate_mean, rate_std, change_std):
    rate = z[:, 0] * rate_std + rate_mean
    change = z[:, 1] * change_std
    return np.stack([rate, change], axis=1)


def _target_cases():
    z = np.array([[0.0, 0.0], [1.0, -1.0], [-0.5, 2.0]])
    return [(z, 80.0, 20.0, 5.0), (z[1:], 71.5, 12.0, 3.5)]


TO_BPM = Exercise(
    task="normalised targets back to beats a minute",
    reference=to_bpm,
    mistakes=(
        Mistake(
            lambda z, rate_mean, rate_std, change_std: (
                (z - [rate_mean, 0]) / [rate_std, change_std]
            ),
            "That normalises once more. Solve the formula for the rate.",
        ),
        Mistake(
            lambda z, rate_mean, rate_std, change_std: z * [rate_std, change_std] + rate_mean,
            "A change of 0 must stay 0: nothing was taken off.",
        ),
        Mistake(
            lambda z, rate_mean, rate_std, change_std: z * rate_std + [rate_mean, 0.0],
            "Rate and change have each a spread of their own.",
        ),
        Mistake(
            lambda z, rate_mean, rate_std, change_std: z * [rate_std, change_std],
            "What is the rate for z = 0? The training mean.",
        ),
        Mistake(
            lambda z, rate_mean, rate_std, change_std: (
                np.add(z, [rate_mean, 0]) * [rate_std, change_std]
            ),
            "Undo the last step first: multiply, then add.",
        ),
        Mistake(
            lambda z, rate_mean, rate_std, change_std: to_bpm(z, rate_mean, rate_std, change_std).T,
            "The columns should stay columns: shape (n, 2).",
        ),
    ),
    hints=(
        "Solve both formulas above for rate and for change.",
        "First column: z * rate_std + rate_mean. Second column: z * change_std.",
    ),
    cases=_target_cases,
)


def mae_two_ways(error, subject):
    wrong = np.abs(error)
    per_subject = [wrong[subject == s].mean() for s in np.unique(subject)]
    return wrong.mean(), np.mean(per_subject)


def _per_subject(values, subject, combine=np.mean):
    return np.array([combine(values[subject == s]) for s in np.unique(subject)])


def _error_cases():
    error = np.array([0.5, -0.5, 1.0, -8.0, 9.5, 0.2])
    return [
        (error, np.array(["A", "A", "A", "B", "B", "C"])),
        (np.array([1.0, -3.0, 2.0, 2.0]), np.array(["S2", "S1", "S2", "S2"])),
    ]


MAE_TWO_WAYS = Exercise(
    task="mean absolute error over windows, and over subjects",
    reference=mae_two_ways,
    mistakes=(
        Mistake(
            lambda error, subject: (error.mean(), np.mean(_per_subject(error, subject))),
            "An error of +5 and one of -5 must not cancel.",
        ),
        Mistake(
            lambda error, subject: (
                abs(error.mean()),
                np.mean(np.abs(_per_subject(error, subject))),
            ),
            "Take the absolute value of each error before you average; after it, errors have "
            "already cancelled.",
        ),
        Mistake(
            lambda error, subject: mae_two_ways(error, subject)[::-1],
            "Right numbers, other order: all windows first.",
        ),
        Mistake(
            lambda error, subject: (np.abs(error).mean(), np.abs(error).mean()),
            "In the second number each subject counts once.",
        ),
        Mistake(
            lambda error, subject: (
                np.abs(error).mean(),
                sum(_per_subject(np.abs(error), subject)),
            ),
            "With more subjects your second number grows: average.",
        ),
        Mistake(
            lambda error, subject: (
                np.sqrt(np.mean(error**2)),
                np.mean(np.sqrt(_per_subject(error**2, subject))),
            ),
            "That is the root mean square error; it weighs large errors more.",
        ),
        Mistake(
            lambda error, subject: (
                np.median(np.abs(error)),
                np.mean(_per_subject(np.abs(error), subject, np.median)),
            ),
            "Asked for is the mean. The median does not see the worst windows.",
        ),
        Mistake(
            lambda error, subject: (np.abs(error).mean(), _per_subject(np.abs(error), subject)),
            "One step is left: the mean over the subjects.",
        ),
    ),
    hints=(
        "For the second number make a list with one value for each subject, then average it.",
        "np.unique(subject) names the subjects; np.abs(error)[subject == s].mean() is the value "
        "of one.",
    ),
    cases=_error_cases,
)


def to_sequences(windows, width):
    n, samples = windows.shape
    return windows.reshape(n, samples // width, width)


def _sequence_cases():
    rng = np.random.default_rng(141)
    return [
        (np.arange(24.0).reshape(2, 12), 1),
        (np.arange(24.0).reshape(2, 12), 4),
        (rng.normal(size=(3, 20)), 2),
    ]


TO_SEQUENCES = Exercise(
    task="windows to sequences of steps that an LSTM reads",
    reference=to_sequences,
    mistakes=(
        Mistake(
            lambda windows, width: windows[:, None, :],
            "Your LSTM gets a single time step with all samples as features. It runs, and it has "
            "nothing to remember. Time is the second axis.",
        ),
        Mistake(
            lambda windows, width: windows.reshape(len(windows), -1, width).transpose(0, 2, 1),
            "Steps and features are exchanged: time is the second axis.",
        ),
        Mistake(
            lambda windows, width: windows.reshape(len(windows), width, -1),
            "You made `width` steps. `width` is the number of samples in each step.",
        ),
        Mistake(
            lambda windows, width: windows.reshape(len(windows), width, -1).transpose(0, 2, 1),
            "The shape is right, but the samples of a step come from distant places. Look at "
            "your first step: it should hold the first `width` samples.",
        ),
        Mistake(
            lambda windows, width: to_sequences(windows, width).transpose(1, 0, 2),
            "Keras wants the windows on the first axis, then time.",
        ),
        Mistake(
            lambda windows, width: windows[:, :, None],
            "That is right for a width of 1. How many steps are there with a width of 4?",
        ),
        Mistake(
            lambda windows, width: windows.reshape(1, -1, width),
            "You joined all windows into one long sequence.",
        ),
    ),
    hints=(
        "Three axes: windows, steps, samples in a step. What is the length of the second?",
        "Neighbouring samples are neighbours in memory, so one reshape is enough: (n, samples // "
        "width, width).",
    ),
    cases=_sequence_cases,
)


def lstm_weights(units, features):
    kernel = features * units
    recurrent = units * units
    bias = units
    return 4 * (kernel + recurrent + bias)


LSTM_WEIGHTS = Exercise(
    task="number of weights of an LSTM layer",
    reference=lstm_weights,
    mistakes=(
        Mistake(
            lambda units, features: 4 * units * (units + features),
            "Each of the four lines of the cell also has a bias.",
        ),
        Mistake(
            lambda units, features: 4 * (units * features + units),
            "The state of the step before is an input too. What shape has U?",
        ),
        Mistake(
            lambda units, features: 3 * (units * (units + features) + units),
            "Three gates and one proposal: count the lines that have a matrix W.",
        ),
        Mistake(
            lambda units, features: 3 * (units * (units + features) + 2 * units),
            "That is Keras's GRU: three lines with two biases each.",
        ),
        Mistake(
            lambda units, features: units * (units + features) + units,
            "That is one line of the cell. How many lines have weights?",
        ),
        Mistake(
            lambda units, features: 4 * (units * (units + features) + 2 * units),
            "PyTorch keeps two biases for each line, Keras one.",
        ),
        Mistake(
            lambda units, features: 2000 * lstm_weights(units, features),
            "All time steps share the same weights.",
        ),
    ),
    hints=(
        "Count one line of the cell first: its matrix W, its matrix U and its bias.",
        "W is features x units, U is units x units, the bias has units values; four times.",
    ),
    cases=lambda: [(50, 1), (50, 50), (32, 32), (3, 2)],
)


def rate_from_map(beat_map, fs, per_bin):
    padded = np.pad(beat_map, 1)
    left, here, right = padded[:-2], padded[1:-1], padded[2:]
    peaks = np.flatnonzero((here >= 0.3) & (here > left) & (here > right))
    if len(peaks) < 2:
        return np.nan
    rr = np.diff(peaks) * per_bin / fs
    return 60 / np.mean(rr)


def _peaks(beat_map, lowest=0.3):
    padded = np.pad(beat_map, 1)
    left, here, right = padded[:-2], padded[1:-1], padded[2:]
    return np.flatnonzero((here >= lowest) & (here > left) & (here > right))


def _mean_rr(peaks, per_bin, fs):
    return np.mean(np.diff(peaks)) * per_bin / fs if len(peaks) > 1 else np.nan


def _one_too_many(beat_map, fs, per_bin):
    peaks = _peaks(beat_map)
    if len(peaks) < 2:
        return np.nan
    return 60 * fs * len(peaks) / ((peaks[-1] - peaks[0]) * per_bin)


def _mean_of_rates(beat_map, fs, per_bin):
    peaks = _peaks(beat_map)
    if len(peaks) < 2:
        return np.nan
    return np.mean(60 * fs / (np.diff(peaks) * per_bin))


def _map_cases():
    clear = np.zeros(250)
    clear[[10, 52, 90, 131, 175, 214]] = [0.9, 0.8, 0.95, 0.7, 0.9, 0.85]
    clear[[9, 53, 130, 215]] = [0.4, 0.5, 0.35, 0.3]  # a beat on the border of two bins
    clear[[70, 150, 151]] = [0.1, 0.05, 0.2]  # a T wave that was nearly taken for a beat
    clear[249] = 0.6  # a beat in the last bin
    clear[110] = 0.3  # just high enough
    clear[[100, 101, 140, 141]] = 0.7  # neither bin is larger than both its neighbours
    lonely = np.zeros(250)
    lonely[[30, 31]] = [0.9, 0.4]
    coarse = np.array([0.8, 0.1, 0, 0, 0.6, 0.2, 0, 0.1, 0, 0.9, 0.3, 0])
    return [(clear, 360.0, 8), (lonely, 360.0, 8), (coarse, 100.0, 25), (coarse[2:], 100.0, 25)]


RATE_FROM_MAP = Exercise(
    task="a heart rate from a beat map",
    reference=rate_from_map,
    mistakes=(
        Mistake(
            lambda beat_map, fs, per_bin: (
                60 / _mean_rr(np.flatnonzero(beat_map >= 0.3), per_bin, fs)
            ),
            "A beat near the border of two bins fills both, and you count it twice. Keep the bin "
            "that is larger than its neighbours.",
        ),
        Mistake(
            lambda beat_map, fs, per_bin: 60 / _mean_rr(_peaks(beat_map, 0.0), per_bin, fs),
            "A peak of 0.1 is no beat. Which height was asked for?",
        ),
        Mistake(
            lambda beat_map, fs, per_bin: 60 / _mean_rr(_peaks(beat_map), 1, fs),
            "The distance is in bins. How many samples are in one?",
        ),
        Mistake(
            lambda beat_map, fs, per_bin: (
                60 * fs * len(_peaks(beat_map)) / (len(beat_map) * per_bin)
            ),
            "Beats counted per length of the window jump when one slips over its edge. Measure "
            "from beat to beat.",
        ),
        Mistake(_one_too_many, "Three beats make two intervals."),
        Mistake(_mean_of_rates, "Average the intervals, not the rates (lesson 14)."),
        Mistake(
            lambda beat_map, fs, per_bin: 60 * fs * np.sum(beat_map) / (len(beat_map) * per_bin),
            "The sum of the map counts beats; asked for is their distance.",
        ),
        Mistake(
            lambda beat_map, fs, per_bin: np.nan_to_num(rate_from_map(beat_map, fs, per_bin)),
            "One beat has no interval. No rate is np.nan, not 0.",
        ),
        Mistake(
            lambda beat_map, fs, per_bin: _mean_rr(_peaks(beat_map), per_bin, fs),
            "That is the mean RR interval in seconds.",
        ),
    ),
    hints=(
        "First the beats, as bin numbers; then their distances; then lesson 14's formula.",
        "A bin is a beat if it is >= 0.3 and > both neighbours; seconds = bins * per_bin / fs; "
        "60 / mean distance.",
    ),
    cases=_map_cases,
)
