"""Exercises of lesson 14 about what a reading is worth: its interval, and its variability."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def conformal_factor(error, spread, level):
    ratio = np.sort(np.abs(error) / spread)
    k = int(np.ceil(level * (len(ratio) + 1)))
    return ratio[k - 1] if k <= len(ratio) else np.inf


def factor_by_counting(error, spread, level):
    ratio = np.append(np.abs(error) / spread, np.inf)  # the window that will be asked
    return min(f for f in ratio if np.sum(ratio <= f) >= level * len(ratio))


def _sign_kept(error, spread, level):
    return conformal_factor(np.where(error > 0, error, -1e-9), spread, level)


def _spread_ignored(error, spread, level):
    return conformal_factor(error, np.ones(len(error)), level)


def _upside_down(error, spread, level):
    return conformal_factor(spread, np.abs(error), level)


def _nobody_to_come(error, spread, level):
    ratio = np.sort(np.abs(error) / spread)
    return ratio[int(np.ceil(level * len(ratio))) - 1]


def _one_too_far(error, spread, level):
    ratio = np.sort(np.abs(error) / spread)
    k = int(np.ceil(level * (len(ratio) + 1)))
    return ratio[k] if k < len(ratio) else np.inf


def _between_two(error, spread, level):
    return np.quantile(np.abs(error) / spread, level)


def _largest_when_too_few(error, spread, level):
    ratio = np.sort(np.abs(error) / spread)
    return ratio[min(int(np.ceil(level * (len(ratio) + 1))), len(ratio)) - 1]


def _times(error, spread, level):
    return conformal_factor(error * spread, np.ones(len(error)), level)


def _factor_cases():
    rng = np.random.default_rng(146)
    spread = rng.uniform(0.2, 4, 23)
    error = spread * rng.normal(0, 1.3, 23)
    five = np.array([0.4, -1.2, 0.3, -0.2, 2.0]), np.array([1.0, 2.0, 0.5, 0.1, 8.0])
    return [(error, spread, 0.9), (*five, 0.5), (*five, 0.9)]


def rmssd(beats, fs, normal):
    rr = np.diff(beats) * 1000 / fs
    nn = normal[:-1] & normal[1:]
    both = nn[:-1] & nn[1:]
    return np.sqrt(np.mean(np.diff(rr)[both] ** 2))


def rmssd_with_a_loop(beats, fs, normal):
    squares = []
    for k in range(len(beats) - 2):
        if all(normal[k : k + 3]):
            first, second = beats[k + 1] - beats[k], beats[k + 2] - beats[k + 1]
            squares.append(((second - first) * 1000 / fs) ** 2)
    return float(np.mean(squares)) ** 0.5


def _all_beats(beats, fs, normal):
    return rmssd(beats, fs, np.ones(len(beats), bool))


def _beats_taken_out(beats, fs, normal):
    return _all_beats(beats[normal], fs, None)


def _intervals_taken_out(beats, fs, normal):
    rr = np.diff(beats) * 1000 / fs
    return np.sqrt(np.mean(np.diff(rr[normal[:-1] & normal[1:]]) ** 2))


def _only_before(beats, fs, normal):
    rr = np.diff(beats) * 1000 / fs
    nn = normal[1:]
    return np.sqrt(np.mean(np.diff(rr)[nn[:-1] & nn[1:]] ** 2))


def _in_seconds(beats, fs, normal):
    return rmssd(beats, fs, normal) / 1000


def _in_samples(beats, fs, normal):
    return rmssd(beats, 1000, normal)


def _standard_deviation(beats, fs, normal):
    rr = np.diff(beats) * 1000 / fs
    nn = normal[:-1] & normal[1:]
    return np.std(np.diff(rr)[nn[:-1] & nn[1:]])


def _sdnn(beats, fs, normal):
    return np.std((np.diff(beats) * 1000 / fs)[normal[:-1] & normal[1:]])


def _mean_of_sizes(beats, fs, normal):
    rr = np.diff(beats) * 1000 / fs
    nn = normal[:-1] & normal[1:]
    return np.mean(np.abs(np.diff(rr)[nn[:-1] & nn[1:]]))


def _rmssd_cases():
    beats = np.array([100, 390, 702, 985, 1160, 1600, 1890, 2205, 2480])
    normal = np.array([True, True, True, True, False, True, True, True, True])
    rising = np.array([50, 300, 560, 835, 1120, 1400])
    return [(beats, 360.0, normal), (rising, 250.0, np.ones(6, bool))]


TRUST = (
    Exercise(
        key="14.6",
        task="the factor that makes an interval cover what it promises",
        reference=conformal_factor,
        second=factor_by_counting,
        mistakes=(
            Mistake(_sign_kept, "A rate that was read too low is wrong too: take sizes of errors."),
            Mistake(_spread_ignored, "Each error is compared with its own window's spread."),
            Mistake(_upside_down, "The other way round: errors in spreads, not spreads in errors."),
            Mistake(
                _nobody_to_come,
                "Count the window that will be asked as well: n + 1, not n, times the level.",
            ),
            Mistake(_one_too_far, "The k-th smallest value has the index k - 1."),
            Mistake(
                _between_two,
                "np.quantile takes a value between two ratios and counts nobody to come. Sort, and "
                "take the k-th.",
            ),
            Mistake(
                _largest_when_too_few,
                "With so few windows even the largest ratio does not reach the level: np.inf.",
            ),
            Mistake(_times, "Divide each error by its spread."),
        ),
        hints=(
            "Sort the ratios |error| / spread. The factor is one of them.",
            "k = int(np.ceil(level * (n + 1))); the k-th smallest has the index k - 1; np.inf if "
            "k > n.",
        ),
        cases=_factor_cases,
    ),
    Exercise(
        key="14.7",
        task="RMSSD of NN intervals",
        reference=rmssd,
        second=rmssd_with_a_loop,
        mistakes=(
            Mistake(_all_beats, "An early beat spoils the intervals on both of its sides."),
            Mistake(
                _beats_taken_out,
                "Without the early beat its two neighbours look like one long interval. Leave out "
                "intervals, not beats.",
            ),
            Mistake(
                _intervals_taken_out,
                "You compare intervals that were not neighbours: the gap between them is gone.",
            ),
            Mistake(_only_before, "The interval after an early beat is not NN either."),
            Mistake(_in_seconds, "Milliseconds, please."),
            Mistake(_in_samples, "Those are samples. How many milliseconds is one?"),
            Mistake(_standard_deviation, "Root mean square: the mean is not taken off."),
            Mistake(_sdnn, "That is SDNN. RMSSD looks at differences of neighbours."),
            Mistake(_mean_of_sizes, "Square first, then the mean, then the root."),
        ),
        hints=(
            "An interval is NN if both of its beats are normal. A difference counts if both of its "
            "intervals are NN.",
            "rr = np.diff(beats) * 1000 / fs; nn = normal[:-1] & normal[1:]; use "
            "np.diff(rr)[nn[:-1] & nn[1:]].",
        ),
        cases=_rmssd_cases,
    ),
)
