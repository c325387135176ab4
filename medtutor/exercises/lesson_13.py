"""Exercises of lesson 13, ECG data."""

import numpy as np

from medtutor.exercises._lesson_13_beats import BEATS
from medtutor.exercises.engine import Exercise, Mistake


def mean_rate(beats, fs, start, stop):
    inside = beats[(beats >= start) & (beats < stop)]
    if len(inside) < 2:
        return np.nan
    rr = np.diff(inside) / fs
    return 60 / np.mean(rr)


def rate_from_first_and_last(beats, fs, start, stop):
    first, end = np.searchsorted(beats, [start, stop])
    intervals = end - first - 1
    if intervals < 1:
        return float("nan")
    return 60 * fs * intervals / (beats[end - 1] - beats[first])


def _intervals(beats, start, stop):
    inside = beats[(beats >= start) & (beats < stop)]
    return np.diff(inside) if len(inside) > 1 else np.array([np.nan])


def _forgets_fs(beats, fs, start, stop):
    return 60 / np.mean(_intervals(beats, start, stop))


def _mean_of_rates(beats, fs, start, stop):
    return np.mean(60 * fs / _intervals(beats, start, stop))


def _all_beats(beats, fs, start, stop):
    return 60 * fs / np.mean(np.diff(beats))


def _counts_beats(beats, fs, start, stop):
    return 60 * fs * np.sum((beats >= start) & (beats < stop)) / (stop - start)


def _one_interval_too_many(beats, fs, start, stop):
    inside = beats[(beats >= start) & (beats < stop)]
    if len(inside) < 2:
        return np.nan
    return 60 * fs * len(inside) / (inside[-1] - inside[0])


def _milliseconds(beats, fs, start, stop):
    return 60 / np.mean(1000 * _intervals(beats, start, stop) / fs)


def _per_second(beats, fs, start, stop):
    return fs / np.mean(_intervals(beats, start, stop))


def _interval_from_outside(beats, fs, start, stop):
    before = beats[beats < start][-1:]
    inside = beats[(beats >= start) & (beats < stop)]
    if len(inside) < 2:
        return np.nan
    return 60 * fs / np.mean(np.diff(np.r_[before, inside]))


def _zero_without_interval(beats, fs, start, stop):
    rate = mean_rate(beats, fs, start, stop)
    return 0.0 if np.isnan(rate) else rate


def _rate_cases():
    beats = np.array([90, 400, 690, 850, 1270, 1560, 1860, 2160])
    return [(beats, 360, 0, 2000), (beats, 250, 300, 1560), (beats, 360, 860, 1300)]


def cut(signal, length, step):
    starts = range(0, len(signal) - length + 1, step)
    return np.array([signal[s : s + length] for s in starts])


def cut_with_a_view(signal, length, step):
    return np.lib.stride_tricks.sliding_window_view(signal, length)[::step]


def _last_one_lost(signal, length, step):
    return np.array([signal[s : s + length] for s in range(0, len(signal) - length, step)])


def _ignores_step(signal, length, step):
    return np.array([signal[s : s + length] for s in range(0, len(signal) - length + 1, length)])


def _tail_padded(signal, length, step):
    tail = np.pad(signal, (0, length))
    return np.array([tail[s : s + length] for s in range(0, len(signal), step)])


def _tail_short(signal, length, step):
    return [signal[s : s + length] for s in range(0, len(signal), step)]


def _time_second(signal, length, step):
    return cut(signal, length, step).T


def _moved_to_the_end(signal, length, step):
    starts = range(len(signal) % length, len(signal) - length + 1, step)
    return np.array([signal[s : s + length] for s in starts])


def _cut_cases():
    return [
        (np.arange(20.0), 5, 5),
        (np.arange(23.0), 5, 5),
        (np.arange(12.0) ** 2, 4, 2),
        (np.arange(17.0), 4, 6),
    ]


def normalise(rate, subject, train_subjects):
    train = rate[np.isin(subject, train_subjects)]
    return (rate - train.mean()) / train.std()


def normalise_with_a_loop(rate, subject, train_subjects):
    known = [r for r, s in zip(rate, subject, strict=True) if s in set(train_subjects)]
    mean = sum(known) / len(known)
    spread = (sum((r - mean) ** 2 for r in known) / len(known)) ** 0.5
    return [(r - mean) / spread for r in rate]


def _fitted_on_all(rate, subject, train_subjects):
    return (rate - rate.mean()) / rate.std()


def _each_part_by_itself(rate, subject, train_subjects):
    z = np.empty(len(rate))
    inside = np.isin(subject, train_subjects)
    for part in (inside, ~inside):
        z[part] = (rate[part] - rate[part].mean()) / rate[part].std()
    return z


def _each_subject_by_itself(rate, subject, train_subjects):
    z = np.empty(len(rate))
    for one in np.unique(subject):
        mine = subject == one
        z[mine] = (rate[mine] - rate[mine].mean()) / rate[mine].std()
    return z


def _only_train(rate, subject, train_subjects):
    train = rate[np.isin(subject, train_subjects)]
    return (train - train.mean()) / train.std()


def _only_centred(rate, subject, train_subjects):
    return rate - rate[np.isin(subject, train_subjects)].mean()


def _by_variance(rate, subject, train_subjects):
    train = rate[np.isin(subject, train_subjects)]
    return (rate - train.mean()) / train.var()


def _fitted_on_test(rate, subject, train_subjects):
    test = rate[~np.isin(subject, train_subjects)]
    return (rate - test.mean()) / test.std()


def _normalise_cases():
    rate = np.array([60.0, 64.0, 71.0, 80.0, 84.0, 120.0, 131.0, 128.0])
    subject = np.array(["a", "a", "a", "b", "b", "c", "c", "c"])
    return [(rate, subject, ["a", "b"]), (rate, subject, ["c", "a"])]


EXERCISES = (
    *BEATS,
    Exercise(
        key="13.3",
        task="heart rate of a window from beat indices",
        reference=mean_rate,
        second=rate_from_first_and_last,
        mistakes=(
            Mistake(
                _forgets_fs,
                "Beats are sample numbers. How many seconds lie between two of them?",
            ),
            Mistake(
                _mean_of_rates,
                "You average the rates of the single intervals. Average the intervals first.",
            ),
            Mistake(_all_beats, "Some of these beats lie outside of the window."),
            Mistake(
                _counts_beats,
                "Counting beats makes the rate jump whenever one slips over the edge. Use the "
                "intervals between them.",
            ),
            Mistake(
                _one_interval_too_many,
                "How many intervals lie between three fence posts? You divide by the wrong number.",
            ),
            Mistake(
                _milliseconds,
                "Your intervals are in milliseconds, but 60 is the number of seconds in a minute.",
            ),
            Mistake(_per_second, "That is beats a second."),
            Mistake(
                _interval_from_outside,
                "Your first interval began before the window. Only whole intervals inside count.",
            ),
            Mistake(
                _zero_without_interval,
                "The last window holds one beat, so no interval. A rate of 0 would say that the "
                "heart stopped; say that it is not known: np.nan.",
            ),
        ),
        hints=(
            "Keep the beats with start <= beat < stop; their differences are the RR intervals.",
            "60 / mean(RR in seconds), and np.nan with fewer than two beats inside.",
        ),
        cases=_rate_cases,
    ),
    Exercise(
        key="13.4",
        task="cut a signal into windows",
        reference=cut,
        second=cut_with_a_view,
        mistakes=(
            Mistake(
                _last_one_lost,
                "In the first case the last window fits exactly, and you have lost it. `range` "
                "stops before its end.",
            ),
            Mistake(
                _ignores_step,
                "Windows may overlap or leave gaps: their starts are `step` apart, not `length`.",
            ),
            Mistake(
                _tail_padded,
                "The tail is filled up with something that nobody measured. Leave it out.",
            ),
            Mistake(_tail_short, "The last pieces are too short. A network needs equal lengths."),
            Mistake(_time_second, "Shape (windows, length) is asked for: one window a row."),
            Mistake(
                _moved_to_the_end,
                "Your first window does not begin at sample 0. What is dropped is the tail.",
            ),
        ),
        hints=(
            "The last possible start is len(signal) - length. It is included.",
            "range(0, len(signal) - length + 1, step), one slice for each start, then np.array.",
        ),
        cases=_cut_cases,
    ),
    Exercise(
        key="13.5",
        task="normalise heart rates on the training subjects",
        reference=normalise,
        second=normalise_with_a_loop,
        mistakes=(
            Mistake(
                _fitted_on_all,
                "The rates of the test subjects went into your mean. The model must not know them.",
            ),
            Mistake(
                _each_part_by_itself,
                "One scale for everybody. With two, the same heart rate has two meanings.",
            ),
            Mistake(
                _each_subject_by_itself,
                "Scaled subject by subject a slow heart and a fast one look alike, and a new "
                "person's mean is what you want to predict.",
            ),
            Mistake(_only_train, "Fit on the training subjects, but return a value for everybody."),
            Mistake(_only_centred, "The spread is still in beats a minute. Divide by it."),
            Mistake(_by_variance, "Divide by the standard deviation, the root of the variance."),
            Mistake(_fitted_on_test, "You have fitted on the others: the test subjects."),
        ),
        hints=(
            "Which windows belong to a training subject? np.isin(subject, train_subjects).",
            "Mean and std of rate[those windows]; then (rate - mean) / std for all windows.",
        ),
        cases=_normalise_cases,
    ),
)
