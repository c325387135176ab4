"""Exercises: ECG data."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def to_mv(stored, gain, baseline):
    return (np.asarray(stored, np.float32) - baseline) / gain


def _to_mv_cases():
    stored = np.array([[1024, 1224], [924, 1423], [0, 2047]], np.uint16)
    return [(stored, 200, 1024), (np.array([-50, 0, 430], np.int16), 1000, 0), (stored, 500, 900)]


TO_MV = Exercise(
    task="stored numbers to millivolts",
    reference=to_mv,
    mistakes=(
        Mistake(
            lambda stored, gain, baseline: (np.asarray(stored, float) - baseline) * gain,
            "The gain is in steps for one millivolt. 200 steps are 1 mV; how many has yours?",
        ),
        Mistake(
            lambda stored, gain, baseline: np.asarray(stored, float) / gain,
            "Where is 0 mV? The electronics stored it as the number `baseline`.",
        ),
        Mistake(
            lambda stored, gain, baseline: np.asarray(stored, float) / gain - baseline,
            "The baseline is a stored number, not a voltage: take it off before you divide.",
        ),
        Mistake(
            lambda stored, gain, baseline: (np.asarray(stored, float) + baseline) / gain,
            "A sample that equals the baseline must become 0 mV.",
        ),
        Mistake(
            lambda stored, gain, baseline: (
                (np.asarray(stored).astype(int) - int(baseline)) // int(gain)
            ),
            "Your result has whole millivolts only. // drops the fraction; use /.",
        ),
        Mistake(
            lambda stored, gain, baseline: (
                (np.asarray(stored) - np.asarray(stored).dtype.type(baseline)) / gain
            ),
            "A value below the baseline wrapped around to a large number: the array is unsigned. "
            "Convert the type before you subtract.",
        ),
    ),
    hints=(
        "0 mV is stored as `baseline`, and 1 mV as `baseline + gain`.",
        "Convert to float32, subtract the baseline, divide by the gain.",
    ),
    cases=_to_mv_cases,
)


def score(true, found, tolerance):
    free = list(found)
    hits = 0
    for beat in true:
        near = [f for f in free if abs(f - beat) <= tolerance]
        if near:
            free.remove(min(near, key=lambda f: abs(f - beat)))
            hits += 1
    return hits / len(true), hits / len(found)


def _near(a, b, tolerance):
    return np.abs(np.asarray(a)[:, None] - np.asarray(b)[None]) <= tolerance


def _shares(hits, true, found):
    return hits / len(true), hits / len(found)


def _score_cases():
    true = np.array([100, 400, 700, 1000])
    return [
        (true, np.array([102, 398, 640, 754, 1003]), 54),
        (true, np.array([90, 120, 410, 1000]), 54),
        (np.array([300, 700]), np.array([20, 310, 690, 950]), 10),
        (np.array([100, 200]), np.array([151]), 54),
        (np.array([100, 180]), np.array([90, 150]), 54),
    ]


SCORE = Exercise(
    task="sensitivity and positive predictive value of a detector",
    reference=score,
    mistakes=(
        Mistake(
            lambda true, found, tolerance: tuple(
                _near(true, found, tolerance).any(axis=k).mean() for k in (1, 0)
            ),
            "Two detections near one beat: you count both as right. A beat may be used once.",
        ),
        Mistake(
            lambda true, found, tolerance: _shares(
                _near(true, found, tolerance).sum(), true, found
            ),
            "You count pairs. One beat with two detections near it makes two pairs, but it was "
            "found once.",
        ),
        Mistake(
            lambda true, found, tolerance: score(true, found, tolerance)[::-1],
            "The two numbers are in the other order: sensitivity first. It is a share of the "
            "true beats.",
        ),
        Mistake(
            lambda true, found, tolerance: _shares(len(np.intersect1d(true, found)), true, found),
            "A detection need not hit the very sample: use the tolerance.",
        ),
        Mistake(
            lambda true, found, tolerance: _shares(
                np.diag(_near(true, found, tolerance)).sum(), true, found
            ),
            "You compare first with first, second with second. After one false beat all later "
            "pairs are out of step.",
        ),
        Mistake(
            lambda true, found, tolerance: (len(found) / len(true), len(true) / len(found)),
            "You compare how many there are. The right number in the wrong places is wrong.",
        ),
        Mistake(
            lambda true, found, tolerance: score(true, found, tolerance - 1),
            "A distance of exactly the tolerance still counts as a match.",
        ),
        Mistake(
            lambda true, found, tolerance: tuple(100 * s for s in score(true, found, tolerance)),
            "Give shares between 0 and 1.",
        ),
    ),
    hints=(
        "Go through the true beats. For each, look for a detection within the tolerance that no "
        "earlier beat has used.",
        "Count the matches once; divide by len(true) for one number, by len(found) for the other.",
    ),
    cases=_score_cases,
)


def mean_rate(beats, fs, start, stop):
    inside = beats[(beats >= start) & (beats < stop)]
    if len(inside) < 2:
        return np.nan
    rr = np.diff(inside) / fs
    return 60 / np.mean(rr)


def _intervals(beats, start, stop):
    inside = beats[(beats >= start) & (beats < stop)]
    return np.diff(inside) if len(inside) > 1 else np.array([np.nan])


def _one_interval_too_many(beats, fs, start, stop):
    rr = _intervals(beats, start, stop)
    return 60 * fs * (len(rr) + 1) / rr.sum()


def _interval_from_outside(beats, fs, start, stop):
    before = beats[beats < start][-1:]
    inside = beats[(beats >= start) & (beats < stop)]
    if len(inside) < 2:
        return np.nan
    return 60 * fs / np.mean(np.diff(np.r_[before, inside]))


def _rate_cases():
    beats = np.array([90, 400, 690, 850, 1270, 1580, 1860, 2160])
    windows = [(0, 2000), (690, 1580), (860, 1600), (860, 1300)]
    return [(beats, fs, *w) for fs, w in zip((360, 250, 360, 360), windows, strict=True)]


MEAN_RATE = Exercise(
    task="heart rate of a window from beat indices",
    reference=mean_rate,
    mistakes=(
        Mistake(
            lambda beats, fs, start, stop: 60 / np.mean(_intervals(beats, start, stop)),
            "Beats are sample numbers. How many seconds lie between two of them?",
        ),
        Mistake(
            lambda beats, fs, start, stop: np.mean(60 * fs / _intervals(beats, start, stop)),
            "You average the rates of the single intervals. Average the intervals first.",
        ),
        Mistake(
            lambda beats, fs, start, stop: 60 * fs / np.median(_intervals(beats, start, stop)),
            "The median hardly notices an early beat. The mean of the intervals is asked for.",
        ),
        Mistake(
            lambda beats, fs, start, stop: 60 * fs / np.mean(np.diff(beats)),
            "Some of these beats lie outside of the window.",
        ),
        Mistake(
            lambda beats, fs, start, stop: (
                60 * fs * np.sum((beats >= start) & (beats < stop)) / (stop - start)
            ),
            "Counting beats makes the rate jump whenever one slips over the edge. Use the "
            "intervals between them.",
        ),
        Mistake(
            _one_interval_too_many,
            "How many intervals lie between three fence posts? You divide by the wrong number.",
        ),
        Mistake(
            lambda beats, fs, start, stop: 60 / np.mean(1000 * _intervals(beats, start, stop) / fs),
            "Your intervals are in milliseconds, but 60 is the number of seconds in a minute.",
        ),
        Mistake(
            lambda beats, fs, start, stop: fs / np.mean(_intervals(beats, start, stop)),
            "That is beats a second.",
        ),
        Mistake(
            _interval_from_outside,
            "Your first interval began before the window. Only whole intervals inside count.",
        ),
        Mistake(
            lambda beats, fs, start, stop: np.nan_to_num(mean_rate(beats, fs, start, stop)),
            "The last window holds one beat, so no interval. A rate of 0 would say that the "
            "heart stopped; say that it is not known: np.nan.",
        ),
    ),
    hints=(
        "Keep the beats with start <= beat < stop; their differences are the RR intervals.",
        "60 / mean(RR in seconds), and np.nan with fewer than two beats inside.",
    ),
    cases=_rate_cases,
)


def cut(signal, length, step):
    starts = range(0, len(signal) - length + 1, step)
    return np.array([signal[s : s + length] for s in starts])


def _pieces(signal, length, starts):
    return [signal[s : s + length] for s in starts]


CUT = Exercise(
    task="cut a signal into windows",
    reference=cut,
    mistakes=(
        Mistake(
            lambda signal, length, step: np.array(
                _pieces(signal, length, range(0, len(signal) - length, step))
            ),
            "In the first case the last window fits exactly, and you have lost it. `range` stops "
            "before its end.",
        ),
        Mistake(
            lambda signal, length, step: cut(signal, length, length),
            "Windows may overlap or leave gaps: their starts are `step` apart, not `length`.",
        ),
        Mistake(
            lambda signal, length, step: np.array(
                _pieces(np.pad(signal, (0, length)), length, range(0, len(signal), step))
            ),
            "The tail is filled up with something that nobody measured. Leave it out.",
        ),
        Mistake(
            lambda signal, length, step: _pieces(signal, length, range(0, len(signal), step)),
            "The last pieces are too short. A network needs equal lengths.",
        ),
        Mistake(
            lambda signal, length, step: cut(signal, length, step).T,
            "Shape (windows, length) is asked for: one window a row.",
        ),
        Mistake(
            lambda signal, length, step: cut(signal[len(signal) % length :], length, step),
            "Your first window does not begin at sample 0. What is dropped is the tail.",
        ),
    ),
    hints=(
        "The last possible start is len(signal) - length. It is included.",
        "range(0, len(signal) - length + 1, step), one slice for each start, then np.array.",
    ),
    cases=lambda: [
        (np.arange(20.0), 5, 5),
        (np.arange(23.0), 5, 5),
        (np.arange(12.0) ** 2, 4, 2),
        (np.arange(17.0), 4, 6),
        (np.arange(6.0), 3, 1),
    ],
)


def normalise(rate, subject, train_subjects):
    train = rate[np.isin(subject, train_subjects)]
    return (rate - train.mean()) / train.std()


def _each_group_by_itself(rate, group):
    z = np.empty(len(rate))
    for one in np.unique(group):
        part = rate[group == one]
        z[group == one] = (part - part.mean()) / part.std()
    return z


def _divided_by_one_less(rate, subject, train_subjects):
    train = rate[np.isin(subject, train_subjects)]
    return (rate - train.mean()) / train.std(ddof=1)


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


NORMALISE = Exercise(
    task="normalise heart rates on the training subjects",
    reference=normalise,
    mistakes=(
        Mistake(
            lambda rate, subject, train_subjects: (rate - rate.mean()) / rate.std(),
            "The rates of the test subjects went into your mean. The model must not know them.",
        ),
        Mistake(
            lambda rate, subject, train_subjects: _each_group_by_itself(
                rate, np.isin(subject, train_subjects)
            ),
            "One scale for everybody. With two, the same heart rate has two meanings.",
        ),
        Mistake(
            lambda rate, subject, train_subjects: _each_group_by_itself(rate, subject),
            "Scaled subject by subject a slow heart and a fast one look alike, and a new "
            "person's mean is what you want to predict.",
        ),
        Mistake(
            lambda rate, subject, train_subjects: normalise(rate, subject, train_subjects)[
                np.isin(subject, train_subjects)
            ],
            "Fit on the training subjects, but return a value for everybody.",
        ),
        Mistake(
            lambda rate, subject, train_subjects: (
                rate - rate[np.isin(subject, train_subjects)].mean()
            ),
            "The spread is still in beats a minute. Divide by it.",
        ),
        Mistake(_divided_by_one_less, "np.std divides by n; yours divides by n - 1 (ddof=1)."),
        Mistake(_by_variance, "Divide by the standard deviation, the root of the variance."),
        Mistake(_fitted_on_test, "You have fitted on the others: the test subjects."),
    ),
    hints=(
        "Which windows belong to a training subject? np.isin(subject, train_subjects).",
        "Mean and std of rate[those windows]; then (rate - mean) / std for all windows.",
    ),
    cases=_normalise_cases,
)
