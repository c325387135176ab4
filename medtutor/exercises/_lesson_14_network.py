"""Exercises of lesson 14 about the network that works: its weights and its beat map."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def lstm_weights(units, features):
    kernel = features * units
    recurrent = units * units
    bias = units
    return 4 * (kernel + recurrent + bias)


def lstm_weights_by_shape(units, features):
    shapes = [(features, 4 * units), (units, 4 * units), (4 * units,)]
    return int(sum(np.prod(shape) for shape in shapes))


def _no_bias(units, features):
    return 4 * units * (units + features)


def _no_recurrence(units, features):
    return 4 * (units * features + units)


def _three_gates(units, features):
    return 3 * (units * (units + features) + units)


def _gru_of_keras(units, features):
    return 3 * (units * (units + features) + 2 * units)


def _simple_rnn(units, features):
    return units * (units + features) + units


def _two_biases(units, features):
    return 4 * (units * (units + features) + 2 * units)


def _time_steps_too(units, features):
    return 2000 * lstm_weights(units, features)


def _weight_cases():
    return [(50, 1), (50, 50), (32, 32), (3, 2)]


def rate_from_map(beat_map, fs, per_bin):
    padded = np.pad(beat_map, 1)
    left, here, right = padded[:-2], padded[1:-1], padded[2:]
    peaks = np.flatnonzero((here >= 0.3) & (here > left) & (here > right))
    if len(peaks) < 2:
        return np.nan
    rr = np.diff(peaks) * per_bin / fs
    return 60 / np.mean(rr)


def rate_with_a_loop(beat_map, fs, per_bin):
    values = [0.0, *beat_map, 0.0]
    beats = [
        k * per_bin
        for k in range(len(beat_map))
        if values[k + 1] >= 0.3 and values[k] < values[k + 1] > values[k + 2]
    ]
    if len(beats) < 2:
        return float("nan")
    return 60 * fs * (len(beats) - 1) / (beats[-1] - beats[0])


def _peaks(beat_map, lowest=0.3):
    padded = np.pad(beat_map, 1)
    left, here, right = padded[:-2], padded[1:-1], padded[2:]
    return np.flatnonzero((here >= lowest) & (here > left) & (here > right))


def _mean_rr(peaks, per_bin, fs):
    return np.mean(np.diff(peaks)) * per_bin / fs if len(peaks) > 1 else np.nan


def _each_bin_a_beat(beat_map, fs, per_bin):
    return 60 / _mean_rr(np.flatnonzero(beat_map >= 0.3), per_bin, fs)


def _no_threshold(beat_map, fs, per_bin):
    return 60 / _mean_rr(_peaks(beat_map, 0.0), per_bin, fs)


def _bins_as_samples(beat_map, fs, per_bin):
    return 60 / _mean_rr(_peaks(beat_map), 1, fs)


def _counts_beats(beat_map, fs, per_bin):
    return 60 * fs * len(_peaks(beat_map)) / (len(beat_map) * per_bin)


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


def _sums_the_map(beat_map, fs, per_bin):
    return 60 * fs * np.sum(beat_map) / (len(beat_map) * per_bin)


def _zero_for_nothing(beat_map, fs, per_bin):
    return np.nan_to_num(rate_from_map(beat_map, fs, per_bin))


def _interval_not_rate(beat_map, fs, per_bin):
    return _mean_rr(_peaks(beat_map), per_bin, fs)


def _map_cases():
    clear = np.zeros(250)
    clear[[10, 52, 90, 131, 175, 214]] = [0.9, 0.8, 0.95, 0.7, 0.9, 0.85]
    clear[[9, 53, 130, 215]] = [0.4, 0.5, 0.35, 0.3]  # a beat on the border of two bins
    clear[[70, 150, 151]] = [0.1, 0.05, 0.2]  # a T wave that was nearly taken for a beat
    clear[249] = 0.6  # a beat in the last bin
    lonely = np.zeros(250)
    lonely[[30, 31]] = [0.9, 0.4]
    coarse = np.array([0.8, 0.1, 0, 0, 0.6, 0.2, 0, 0.1, 0, 0.9, 0.3, 0])
    return [(clear, 360.0, 8), (lonely, 360.0, 8), (coarse, 100.0, 25)]


NETWORK = (
    Exercise(
        key="14.4",
        task="number of weights of an LSTM layer",
        reference=lstm_weights,
        second=lstm_weights_by_shape,
        mistakes=(
            Mistake(_no_bias, "Each of the four lines of the cell also has a bias."),
            Mistake(
                _no_recurrence,
                "The state of the step before is an input too. What shape has U?",
            ),
            Mistake(
                _three_gates, "Three gates and one proposal: count the lines that have a matrix W."
            ),
            Mistake(_gru_of_keras, "That is Keras's GRU: three lines with two biases each."),
            Mistake(_simple_rnn, "That is one line of the cell. How many lines have weights?"),
            Mistake(_two_biases, "PyTorch keeps two biases for each line, Keras one."),
            Mistake(_time_steps_too, "All time steps share the same weights."),
        ),
        hints=(
            "Count one line of the cell first: its matrix W, its matrix U and its bias.",
            "W is features x units, U is units x units, the bias has units values; four times.",
        ),
        cases=_weight_cases,
    ),
    Exercise(
        key="14.5",
        task="a heart rate from a beat map",
        reference=rate_from_map,
        second=rate_with_a_loop,
        mistakes=(
            Mistake(
                _each_bin_a_beat,
                "A beat near the border of two bins fills both, and you count it twice. Keep the "
                "bin that is larger than its neighbours.",
            ),
            Mistake(_no_threshold, "A peak of 0.1 is no beat. Which height was asked for?"),
            Mistake(_bins_as_samples, "The distance is in bins. How many samples are in one?"),
            Mistake(
                _counts_beats,
                "Beats counted per length of the window jump when one slips over its edge. Measure "
                "from beat to beat.",
            ),
            Mistake(_one_too_many, "Three beats make two intervals."),
            Mistake(_mean_of_rates, "Average the intervals, not the rates (lesson 13)."),
            Mistake(_sums_the_map, "The sum of the map counts beats; asked for is their distance."),
            Mistake(_zero_for_nothing, "One beat has no interval. No rate is np.nan, not 0."),
            Mistake(_interval_not_rate, "That is the mean RR interval in seconds."),
        ),
        hints=(
            "First the beats, as bin numbers; then their distances; then lesson 13's formula.",
            "A bin is a beat if it is >= 0.3 and > both neighbours; seconds = bins * per_bin / fs; "
            "60 / mean distance.",
        ),
        cases=_map_cases,
    ),
)
