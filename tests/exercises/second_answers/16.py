import numpy as np


def doubt_in_arrays(beats, amount, fs):
    beats = np.asarray(beats, float)
    seconds = np.full(len(beats), beats[-1] - beats[0]) / fs
    seconds[0], seconds[-1] = (beats[-1] - beats[1]) / fs, (beats[-2] - beats[0]) / fs
    whole = 60 * (len(beats) - 1) * fs / (beats[-1] - beats[0])
    return float((1 - amount) ** 2 @ np.abs(60 * (len(beats) - 2) / seconds - whole))


def factor_by_counting(error, spread, level):
    ratio = np.append(np.abs(error) / spread, np.inf)  # the window that will be asked
    return min(f for f in ratio if np.sum(ratio <= f) >= level * len(ratio))


def coverage_with_bincount(low, high, truth, who):
    _, number = np.unique(who, return_inverse=True)
    missed = np.bincount(number, (truth < low) | (truth > high))
    share = 1 - missed / np.bincount(number)
    return float(share.mean()), float(share.min())


def error_below_a_limit(error, doubt, share):
    limit = sorted(doubt)[round(share * len(doubt)) - 1]
    wrong = [abs(e) for e, d in zip(error, doubt, strict=True) if d <= limit]
    return sum(wrong) / len(wrong)


def join_by_odds(p, q, spread_p, spread_q):
    a, b = 1 / spread_p, 1 / spread_q
    odds = ((p / (1 - p)) ** a * (q / (1 - q)) ** b) ** (1 / (a + b))
    return odds / (1 + odds)


def noise_by_standard_deviations(signal, noise, snr):
    return signal + noise * (np.std(signal) / np.std(noise) * 10 ** (-snr / 20))


def rmssd_with_a_loop(beats, fs, normal):
    squares = []
    for k in range(len(beats) - 2):
        if all(normal[k : k + 3]):
            first, second = beats[k + 1] - beats[k], beats[k + 2] - beats[k + 1]
            squares.append(((second - first) * 1000 / fs) ** 2)
    return float(np.mean(squares)) ** 0.5


SECOND = {
    "DOUBT_IN_BPM": doubt_in_arrays,
    "CONFORMAL_FACTOR": factor_by_counting,
    "COVERAGE": coverage_with_bincount,
    "ERROR_OF_THE_KEPT": error_below_a_limit,
    "JOIN": join_by_odds,
    "ADD_NOISE": noise_by_standard_deviations,
    "RMSSD": rmssd_with_a_loop,
}
