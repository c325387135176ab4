"""Exercises: how far to trust a reading."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def doubt_in_bpm(beats, amount, fs):
    def rate(places):
        return 60 * fs / np.mean(np.diff(places))

    total = 0.0
    for k in range(len(beats)):
        doubt = 1 - amount[k]
        change = rate(np.delete(beats, k)) - rate(beats)
        total += doubt**2 * abs(change)
    return total


def _doubts(beats, amount, fs):
    """Give the doubt of each beat, and the change of the rate without it."""
    whole = 60 * fs * (len(beats) - 1) / (beats[-1] - beats[0])
    rest = [np.delete(beats, k) for k in range(len(beats))]
    rates = np.array([60 * fs * (len(r) - 1) / (r[-1] - r[0]) for r in rest])
    return 1 - amount, rates - whole


def _gap_counted_per_window(beats, amount, fs):
    """Keep the length of the whole when an outer beat goes."""
    whole = beats[-1] - beats[0]
    return np.sum((1 - amount) ** 2 * 60 * fs / whole)


def _doubt_cases():
    four = np.array([0, 288, 576, 864]), np.array([1.0, 1.0, 0.6, 1.0])
    uneven = np.array([110.0, 395, 690, 930, 1260, 1580]), np.array([0.9, 1, 0.7, 0.35, 1, 0.2])
    return [(*four, 360.0), (*uneven, 360.0), (uneven[0] / 2, uneven[1], 250.0)]


DOUBT_IN_BPM = Exercise(
    task="the doubts of a map in beats a minute",
    reference=doubt_in_bpm,
    mistakes=(
        Mistake(
            lambda beats, amount, fs: doubt_in_bpm(beats, 1 - amount, fs),
            "A beat that is clearly seen (amount 1) leaves no doubt.",
        ),
        Mistake(
            lambda beats, amount, fs: float(
                np.abs(np.prod(_doubts(beats, amount, fs), axis=0)).sum()
            ),
            "Small doubts should count little: square the doubt.",
        ),
        Mistake(
            lambda beats, amount, fs: np.sum(
                _doubts(beats, amount, fs)[0] ** 2 * _doubts(beats, amount, fs)[1]
            ),
            "Beats whose loss would raise the rate and such that would lower it must not cancel: "
            "take the size of the change.",
        ),
        Mistake(
            lambda beats, amount, fs: np.mean(
                _doubts(beats, amount, fs)[0] ** 2 * np.abs(_doubts(beats, amount, fs)[1])
            ),
            "Each doubt adds to the others: a sum, not a mean.",
        ),
        Mistake(
            lambda beats, amount, fs: np.sum(
                (_doubts(beats, amount, fs)[0] * _doubts(beats, amount, fs)[1]) ** 2
            ),
            "Only the doubt is squared; the change stays in beats a minute.",
        ),
        Mistake(
            lambda beats, amount, fs: doubt_in_bpm(beats, amount, 1),
            "The rate is 60 over seconds. How many samples make a second?",
        ),
        Mistake(
            _gap_counted_per_window,
            "Without its first or last beat a window's intervals span less time. Take the rate of "
            "the beats that are left, and subtract.",
        ),
    ),
    hints=(
        "Write a small function for the rate of some beats. Then leave out one beat after the "
        "other: np.delete(beats, k).",
        "For each k: (1 - amount[k]) ** 2 * abs(rate without k - rate with all); add them up.",
    ),
    cases=_doubt_cases,
)


def conformal_factor(error, spread, level):
    ratio = np.sort(np.abs(error) / spread)
    k = int(np.ceil(level * (len(ratio) + 1)))
    return ratio[k - 1] if k <= len(ratio) else np.inf


def _nobody_to_come(error, spread, level):
    ratio = np.sort(np.abs(error) / spread)
    return ratio[int(np.ceil(level * len(ratio))) - 1]


def _one_too_far(error, spread, level):
    ratio = np.sort(np.abs(error) / spread)
    k = int(np.ceil(level * (len(ratio) + 1)))
    return ratio[k] if k <= len(ratio) else np.inf


def _largest_when_too_few(error, spread, level):
    ratio = np.sort(np.abs(error) / spread)
    return ratio[min(int(np.ceil(level * (len(ratio) + 1))), len(ratio)) - 1]


def _factor_cases():
    rng = np.random.default_rng(146)
    spread = rng.uniform(0.2, 4, 23)
    error = spread * rng.normal(0, 1.3, 23)
    five = np.array([0.4, -1.2, 0.3, -0.2, 2.0]), np.array([1.0, 2.0, 0.5, 0.1, 8.0])
    return [(error, spread, 0.9), (*five, 0.5), (*five, 0.8), (*five, 0.9)]


CONFORMAL_FACTOR = Exercise(
    task="the factor that makes an interval cover what it promises",
    reference=conformal_factor,
    mistakes=(
        Mistake(
            lambda error, spread, level: conformal_factor(np.maximum(error, 1e-9), spread, level),
            "A rate that was read too low is wrong too: take sizes of errors.",
        ),
        Mistake(
            lambda error, spread, level: conformal_factor(error, np.ones(len(error)), level),
            "Each error is compared with its own window's spread.",
        ),
        Mistake(
            lambda error, spread, level: conformal_factor(spread, np.abs(error), level),
            "The other way round: errors in spreads, not spreads in errors.",
        ),
        Mistake(
            _nobody_to_come,
            "Count the window that will be asked as well: n + 1, not n, times the level.",
        ),
        Mistake(_one_too_far, "The k-th smallest value has the index k - 1."),
        Mistake(
            lambda error, spread, level: np.quantile(np.abs(error) / spread, level),
            "np.quantile takes a value between two ratios and counts nobody to come. Sort, and "
            "take the k-th.",
        ),
        Mistake(
            _largest_when_too_few,
            "With so few windows even the largest ratio does not reach the level: np.inf.",
        ),
        Mistake(
            lambda error, spread, level: conformal_factor(error * spread**2, spread, level),
            "Divide each error by its spread.",
        ),
    ),
    hints=(
        "Sort the ratios |error| / spread. The factor is one of them.",
        "k = int(np.ceil(level * (n + 1))); the k-th smallest has the index k - 1; np.inf if k > "
        "n.",
    ),
    cases=_factor_cases,
)


def coverage(low, high, truth, who):
    inside = (low <= truth) & (truth <= high)
    shares = [inside[who == person].mean() for person in np.unique(who)]
    return np.mean(shares), min(shares)


def _shares(inside, who):
    return np.array([inside[who == person].mean() for person in np.unique(who)])


def _coverage_cases():
    truth = np.array([70.0, 72, 75, 80, 90, 88, 61, 60, 62, 120])
    low = np.array([69.0, 73, 75, 70, 80, 80, 55, 61, 60, 90])
    high = np.array([71.0, 75, 78, 80, 89, 95, 65, 63, 66, 119])
    who = np.array(["A", "A", "A", "A", "B", "B", "C", "C", "C", "D"])
    return [(low, high, truth, who), (low[:9], high[:9], truth[:9], who[8::-1])]


COVERAGE = Exercise(
    task="how often intervals hold what they promise, person by person",
    reference=coverage,
    mistakes=(
        Mistake(
            lambda low, high, truth, who: (
                np.mean((low <= truth) & (truth <= high)),
                _shares((low <= truth) & (truth <= high), who).min(),
            ),
            "That is over windows. First each person's share, then their mean: each person counts "
            "once.",
        ),
        Mistake(
            lambda low, high, truth, who: (
                _shares((low < truth) & (truth < high), who).mean(),
                _shares((low < truth) & (truth < high), who).min(),
            ),
            "An interval holds its own ends.",
        ),
        Mistake(
            lambda low, high, truth, who: coverage(low, high, truth, who)[::-1],
            "Right numbers, other order: the mean first.",
        ),
        Mistake(
            lambda low, high, truth, who: (
                _shares((low <= truth) & (truth <= high), who).mean(),
                _shares((low <= truth) & (truth <= high), who).max(),
            ),
            "Asked for is the person with the lowest share.",
        ),
        Mistake(
            lambda low, high, truth, who: (
                _shares(truth <= high, who).mean(),
                _shares(truth <= high, who).min(),
            ),
            "The truth can lie below the interval, too.",
        ),
        Mistake(
            lambda low, high, truth, who: _shares((low <= truth) & (truth <= high), who),
            "Those are the shares of all. Return two numbers: their mean and the lowest.",
        ),
        Mistake(
            lambda low, high, truth, who: (
                np.mean([np.sum(((low <= truth) & (truth <= high))[who == p]) for p in set(who)]),
                min(np.sum(((low <= truth) & (truth <= high))[who == p]) for p in set(who)),
            ),
            "You count windows. A share is their mean.",
        ),
    ),
    hints=(
        "inside = (low <= truth) & (truth <= high) is True where an interval holds the truth.",
        "np.unique(who) names the people; inside[who == person].mean() is the share of one.",
    ),
    cases=_coverage_cases,
)


def error_of_the_kept(error, doubt, share):
    count = round(share * len(error))
    kept = np.argsort(doubt)[:count]
    return np.abs(error[kept]).mean()


def _kept_cases():
    rng = np.random.default_rng(224)
    doubt = rng.permutation(23) + rng.uniform(0.1, 0.9, 23)
    error = doubt * rng.normal(0, 0.6, 23)
    few = np.array([0.2, -4.0, 1.0, -0.5, 9.0]), np.array([0.3, 2.0, 0.1, 1.5, 0.9])
    return [(error, doubt, 0.9), (error, doubt, 0.6), (*few, 0.8), (*few, 0.65), (*few, 1.0)]


ERROR_OF_THE_KEPT = Exercise(
    task="the error of the windows that are not turned away",
    reference=error_of_the_kept,
    mistakes=(
        Mistake(
            lambda error, doubt, share: error_of_the_kept(error, -doubt, share),
            "You kept the most doubtful.",
        ),
        Mistake(
            lambda error, doubt, share: error_of_the_kept(error, np.abs(error), share),
            "Nobody knows the errors when it matters. Sort by doubt.",
        ),
        Mistake(
            lambda error, doubt, share: error[np.argsort(doubt)][
                : round(share * len(error))
            ].mean(),
            "Errors of +5 and -5 must not cancel.",
        ),
        Mistake(
            lambda error, doubt, share: np.abs(error[: round(share * len(error))]).mean(),
            "You kept the first windows. The order is that of the doubts: np.argsort.",
        ),
        Mistake(
            lambda error, doubt, share: (
                np.abs(error[np.argsort(doubt)][: round(share * len(error))]).sum() / len(error)
            ),
            "Divide by the number of windows that are kept.",
        ),
        Mistake(
            lambda error, doubt, share: np.sort(doubt)[: round(share * len(error))].mean(),
            "That is the mean doubt of the kept; asked for is their error.",
        ),
    ),
    hints=(
        "np.argsort(doubt) lists the windows from the least to the most doubtful.",
        "Keep the first round(share * len(error)) of that list, and take the mean of their "
        "absolute errors.",
    ),
    cases=_kept_cases,
)


def join(p, q, spread_p, spread_q):
    def log_odds(x):
        return np.log(x / (1 - x))

    weight = spread_q / (spread_p + spread_q)
    z = weight * log_odds(p) + (1 - weight) * log_odds(q)
    return 1 / (1 + np.exp(-z))


def _z(p):
    return np.log(p / (1 - p))


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _join_cases():
    p = np.array([0.01, 0.9, 0.5, 0.02, 0.7])
    q = np.array([0.03, 0.6, 0.99, 0.4, 0.01])
    return [(p, q, 1.0, 3.0), (q, p, 8.0, 0.5), (p, q, 2.0, 2.0)]


JOIN = Exercise(
    task="the maps of two leads joined into one",
    reference=join,
    mistakes=(
        Mistake(
            lambda p, q, spread_p, spread_q: (spread_q * p + spread_p * q) / (spread_p + spread_q),
            "You averaged the probabilities. Average the log-odds, then turn them back.",
        ),
        Mistake(
            lambda p, q, spread_p, spread_q: join(p, q, spread_q, spread_p),
            "The lead with the smaller spread must count more: weights go with 1 / spread.",
        ),
        Mistake(
            lambda p, q, spread_p, spread_q: join(p, q, 1.0, 1.0),
            "Both leads count the same in your answer, however much they doubt.",
        ),
        Mistake(
            lambda p, q, spread_p, spread_q: _sigmoid(_z(p) / spread_p + _z(q) / spread_q),
            "The two weights must add up to 1: divide by their sum.",
        ),
        Mistake(
            lambda p, q, spread_p, spread_q: _sigmoid(_z(p) + _z(q)),
            "Adding log-odds counts the same beat twice, as if the leads were two hearts. Average "
            "them.",
        ),
        Mistake(
            lambda p, q, spread_p, spread_q: _z(join(p, q, spread_p, spread_q)),
            "Those are log-odds still. The last step is 1 / (1 + exp(-z)).",
        ),
        Mistake(
            lambda p, q, spread_p, spread_q: (
                p ** (spread_q / (spread_p + spread_q)) * q ** (spread_p / (spread_p + spread_q))
            ),
            "You averaged log p; the log-odds are log(p / (1 - p)).",
        ),
    ),
    hints=(
        "Weights: 1 / spread_p and 1 / spread_q, each divided by their sum.",
        "z = w_p * log(p / (1 - p)) + w_q * log(q / (1 - q)); then 1 / (1 + np.exp(-z)).",
    ),
    cases=_join_cases,
)


def add_noise(signal, noise, snr):
    power = np.var(signal) / 10 ** (snr / 10)
    return signal + noise * np.sqrt(power / np.var(noise))


def _noise_cases():
    rng = np.random.default_rng(226)
    ecg = np.sin(np.arange(300) / 9) ** 15 + 0.4
    hiss = rng.normal(0.2, 0.3, 300)
    return [(ecg, hiss, 0.0), (ecg, hiss, 10.0), (ecg, hiss, -6.0)]


ADD_NOISE = Exercise(
    task="noise at a given signal-to-noise ratio",
    reference=add_noise,
    mistakes=(
        Mistake(
            lambda signal, noise, snr: add_noise(signal, noise, -snr),
            "More decibels mean less noise.",
        ),
        Mistake(
            lambda signal, noise, snr: (
                signal + noise * np.var(signal) / 10 ** (snr / 10) / np.var(noise)
            ),
            "A ratio of powers is a ratio of squares: multiply the noise by its square root.",
        ),
        Mistake(
            lambda signal, noise, snr: signal + noise * 10 ** (-snr / 20),
            "How strong are signal and noise as they come? Divide by their powers.",
        ),
        Mistake(
            lambda signal, noise, snr: add_noise(signal, noise, snr) - signal,
            "That is the noise, at the right size. Add it to the signal.",
        ),
        Mistake(
            lambda signal, noise, snr: add_noise(signal, noise, snr / 2),
            "Ten decibels are a factor of ten in power: snr / 10.",
        ),
        Mistake(
            lambda signal, noise, snr: add_noise(signal, noise, 2 * snr),
            "That factor is for the power. The noise itself is multiplied by its root.",
        ),
        Mistake(
            lambda signal, noise, snr: (
                signal + noise * np.sqrt(np.mean(signal**2) / np.mean(noise**2) / 10 ** (snr / 10))
            ),
            "A constant offset is no signal: take variances, which leave it out.",
        ),
        Mistake(
            lambda signal, noise, snr: (
                signal + noise * np.sqrt(np.ptp(signal) / np.ptp(noise) / 10 ** (snr / 10))
            ),
            "Power is the variance, not the height from trough to peak.",
        ),
    ),
    hints=(
        "Which variance must the noise have? That of the signal, divided by 10 ** (snr / 10).",
        "Multiply the noise by np.sqrt(wanted variance / np.var(noise)), and add it to the signal.",
    ),
    cases=_noise_cases,
)


def rmssd(beats, fs, normal):
    rr = np.diff(beats) * 1000 / fs
    nn = normal[:-1] & normal[1:]
    both = nn[:-1] & nn[1:]
    return np.sqrt(np.mean(np.diff(rr)[both] ** 2))


def _nn(beats, fs, normal):
    return (np.diff(beats) * 1000 / fs)[normal[:-1] & normal[1:]]


def _differences(beats, fs, normal):
    nn = normal[:-1] & normal[1:]
    return np.diff(np.diff(beats) * 1000 / fs)[nn[:-1] & nn[1:]]


def _only_before(beats, fs, normal):
    rr = np.diff(beats) * 1000 / fs
    nn = normal[1:]
    return np.sqrt(np.mean(np.diff(rr)[nn[:-1] & nn[1:]] ** 2))


def _rmssd_cases():
    beats = np.array([100, 390, 702, 985, 1160, 1600, 1890, 2205, 2480])
    normal = np.array([True, True, True, True, False, True, True, True, True])
    rising = np.array([50, 300, 560, 835, 1120, 1400])
    return [(beats, 360.0, normal), (rising, 250.0, np.ones(6, bool))]


RMSSD = Exercise(
    task="RMSSD of NN intervals",
    reference=rmssd,
    mistakes=(
        Mistake(
            lambda beats, fs, normal: rmssd(beats, fs, np.ones_like(normal)),
            "An early beat spoils the intervals on both of its sides.",
        ),
        Mistake(
            lambda beats, fs, normal: rmssd(beats[normal], fs, normal[normal]),
            "Without the early beat its two neighbours look like one long interval. Leave out "
            "intervals, not beats.",
        ),
        Mistake(
            lambda beats, fs, normal: np.sqrt(np.mean(np.diff(_nn(beats, fs, normal)) ** 2)),
            "You compare intervals that were not neighbours: the gap between them is gone.",
        ),
        Mistake(_only_before, "The interval after an early beat is not NN either."),
        Mistake(lambda beats, fs, normal: rmssd(beats, fs, normal) / 1000, "Milliseconds, please."),
        Mistake(
            lambda beats, fs, normal: rmssd(beats, 1000, normal),
            "Those are samples. How many milliseconds is one?",
        ),
        Mistake(
            lambda beats, fs, normal: np.std(_differences(beats, fs, normal)),
            "Root mean square: the mean is not taken off.",
        ),
        Mistake(
            lambda beats, fs, normal: np.std(_nn(beats, fs, normal)),
            "That is SDNN. RMSSD looks at differences of neighbours.",
        ),
        Mistake(
            lambda beats, fs, normal: np.mean(np.abs(_differences(beats, fs, normal))),
            "Square first, then the mean, then the root.",
        ),
    ),
    hints=(
        "An interval is NN if both of its beats are normal. A difference counts if both of its "
        "intervals are NN.",
        "rr = np.diff(beats) * 1000 / fs; nn = normal[:-1] & normal[1:]; use np.diff(rr)[nn[:-1] "
        "& nn[1:]].",
    ),
    cases=_rmssd_cases,
)
