import numpy as np


def to_bpm_in_one_line(z, rate_mean, rate_std, change_std):
    return z * np.array([rate_std, change_std]) + np.array([rate_mean, 0.0])


def mae_with_bincount(error, subject):
    wrong = np.abs(error)
    _, who = np.unique(subject, return_inverse=True)
    means = np.bincount(who, wrong) / np.bincount(who)
    return float(wrong.mean()), float(means.mean())


def sequences_by_slicing(windows, width):
    steps = [windows[:, start : start + width] for start in range(0, windows.shape[1], width)]
    return np.stack(steps, axis=1)


def lstm_weights_by_shape(units, features):
    shapes = [(features, 4 * units), (units, 4 * units), (4 * units,)]
    return int(sum(np.prod(shape) for shape in shapes))


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


SECOND = {
    "TO_BPM": to_bpm_in_one_line,
    "MAE_TWO_WAYS": mae_with_bincount,
    "TO_SEQUENCES": sequences_by_slicing,
    "LSTM_WEIGHTS": lstm_weights_by_shape,
    "RATE_FROM_MAP": rate_with_a_loop,
}
