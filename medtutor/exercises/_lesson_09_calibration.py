"""The two exercises of lesson 09 that are about calibration."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def ece(labels, p, edges):
    total = 0.0
    for b in range(len(edges) - 1):
        inside = (p >= edges[b]) & (p < edges[b + 1])
        if inside.any():
            total += inside.sum() * abs(p[inside].mean() - labels[inside].mean())
    return total / len(p)


def ece_with_sums(labels, p, edges):
    # |mean of p - mean of y| times the number in the bin is |sum of p - sum of y|.
    place = np.digitize(p, edges[1:-1])
    sums = np.bincount(place, weights=p - labels, minlength=len(edges) - 1)
    return np.abs(sums).sum() / len(p)


def _bins(labels, p, edges):
    for b in range(len(edges) - 1):
        inside = (p >= edges[b]) & (p < edges[b + 1])
        if inside.any():
            yield np.sum(inside), p[inside].mean(), labels[inside].mean()


def _unweighted(labels, p, edges):
    return np.mean([abs(said - seen) for _, said, seen in _bins(labels, p, edges)])


def _signed(labels, p, edges):
    return sum(n * (said - seen) for n, said, seen in _bins(labels, p, edges)) / len(p)


def _largest(labels, p, edges):
    return max(abs(said - seen) for _, said, seen in _bins(labels, p, edges))


def _squared(labels, p, edges):
    return sum(n * (said - seen) ** 2 for n, said, seen in _bins(labels, p, edges)) / len(p)


def _each_sample(labels, p, edges):
    return np.mean(np.abs(p - labels))


def _middle_of_bin(labels, p, edges):
    total = 0.0
    for b in range(len(edges) - 1):
        inside = (p >= edges[b]) & (p < edges[b + 1])
        if inside.any():
            total += inside.sum() * abs((edges[b] + edges[b + 1]) / 2 - labels[inside].mean())
    return total / len(p)


def _not_divided(labels, p, edges):
    return len(p) * ece(labels, p, edges)


def _probability_cases():
    rng = np.random.default_rng(93)
    p = rng.random(60)
    return [
        (np.array([0, 0, 0, 1, 1, 0]), np.array([0.1, 0.2, 0.1, 0.4, 0.9, 0.7]),
         np.array([0, 0.5, 1])),
        ((rng.random(60) < p**2).astype(int), p, np.linspace(0, 1, 6)),
        ((rng.random(60) < p).astype(int), 0.55 * p, np.linspace(0, 1, 5)),
    ]  # fmt: skip


def temper(p, T):
    z = np.log(p / (1 - p))
    return 1 / (1 + np.exp(-z / T))


def temper_with_powers(p, T):
    yes, no = p ** (1 / T), (1 - p) ** (1 / T)
    return yes / (yes + no)


def _divided_p(p, T):
    return p / T


def _multiplied(p, T):
    return temper(p, 1 / T)


def _sigmoid_of_p(p, T):
    return 1 / (1 + np.exp(-p / T))


def _log_p(p, T):
    return 1 / (1 + np.exp(-np.log(p) / T))


def _sign(p, T):
    return 1 - temper(p, T)


def _only_power(p, T):
    return p ** (1 / T)


def _odds(p, T):
    return 1 / (1 + np.exp(-p / (1 - p) / T))


def _log_odds_only(p, T):
    return np.log(p / (1 - p)) / T


def _temperature_cases():
    p = np.array([0.02, 0.3, 0.5, 0.9, 0.999])
    return [(p, 2.0), (p, 0.5), (np.array([0.7, 0.2]), 1.0), (p[1:4], 5.0)]


CALIBRATION = (
    Exercise(
        key="09.3",
        task="the expected calibration error",
        reference=ece,
        second=ece_with_sums,
        mistakes=(
            Mistake(
                _unweighted,
                "Every bin counts the same here. A bin with two samples must not weigh as much as "
                "one with fifty.",
            ),
            Mistake(_signed, "Too high here and too low there must not cancel."),
            Mistake(_largest, "That is the worst bin. The mean over all of them is asked for."),
            Mistake(_squared, "The distance itself, not its square."),
            Mistake(
                _each_sample,
                "A single outcome is 0 or 1 and never near 0.6. Compare means within a bin.",
            ),
            Mistake(_middle_of_bin, "Take the mean of the p in the bin, not the bin's middle."),
            Mistake(_not_divided, "Divide by the number of samples."),
        ),
        hints=(
            "For each bin: mean p, share of ones, distance; then a mean weighted by the counts.",
            "sum of n_b · |mean(p in b) - mean(y in b)| over the bins that are not empty, divided "
            "by n.",
        ),
        cases=_probability_cases,
    ),
    Exercise(
        key="09.4",
        task="probabilities at a temperature",
        reference=temper,
        second=temper_with_powers,
        mistakes=(
            Mistake(_divided_p, "You divided the probability. Divide its log-odds."),
            Mistake(_multiplied, "T above 1 must draw towards one half; yours drives apart."),
            Mistake(_sigmoid_of_p, "The sigmoid wants a score: first turn p into log-odds."),
            Mistake(_log_p, "Log-odds are log(p / (1 - p)), not log(p)."),
            Mistake(_sign, "At T = 1 nothing should change. Yours gives 1 - p: look at the sign."),
            Mistake(_only_power, "What becomes of 1 - p? Both must sum to 1 again."),
            Mistake(_odds, "These are odds. Their logarithm is the score."),
            Mistake(_log_odds_only, "These are the new log-odds. Go back to a probability."),
        ),
        hints=(
            "Three steps: from p to a score z, z / T, and back with the sigmoid.",
            "z = log(p / (1 - p)); then 1 / (1 + exp(-z / T)).",
        ),
        cases=_temperature_cases,
    ),
)
