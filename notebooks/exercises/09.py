"""Exercises: evaluate honestly."""

from itertools import pairwise

import numpy as np

from medtutor.exercises import Exercise, Mistake


def rates(labels, p, threshold):
    yes, ill = p >= threshold, labels == 1
    tp = np.sum(yes & ill)
    return tp / ill.sum(), np.sum(~yes & ~ill) / np.sum(~ill), tp / yes.sum()


def _false_positive_rate(labels, p, threshold):
    sensitivity, specificity, ppv = rates(labels, p, threshold)
    return sensitivity, 1 - specificity, ppv


def _of_everybody(labels, p, threshold):
    yes, ill = p >= threshold, labels == 1
    return np.mean(yes & ill), np.mean(~yes & ~ill), np.mean(yes & ill)


def _call_cases():
    rng = np.random.default_rng(91)
    labels = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    p = np.array([0.9, 0.5, 0.2, 0.5, 0.8, 0.1, 0.4, 0.3])
    return [
        (labels, p, 0.5),
        (labels, p, 0.3),
        (np.arange(30) % 3 // 2, rng.integers(0, 11, 30) / 10, 0.7),
    ]


RATES = Exercise(
    task="sensitivity, specificity and PPV at a threshold",
    reference=rates,
    mistakes=(
        Mistake(
            lambda labels, p, threshold: rates(p >= threshold, labels, 1),
            "Your shares are of those who were called, row and column exchanged. Sensitivity and "
            "specificity are shares of the truth.",
        ),
        Mistake(
            lambda labels, p, threshold: rates(labels, p, np.nextafter(threshold, np.inf)),
            "What happens to a sample exactly at the threshold? It is a yes.",
        ),
        Mistake(
            lambda labels, p, threshold: rates(labels, -p, -threshold),
            "A high p is a yes; you call the low ones.",
        ),
        Mistake(
            lambda labels, p, threshold: rates(labels, p, threshold)[::-1],
            "The first and the last are exchanged: out of the ill is sensitivity, out of the "
            "yeses is PPV.",
        ),
        Mistake(_false_positive_rate, "Your second number is one minus what was asked for."),
        Mistake(
            lambda labels, p, threshold: (
                *rates(labels, p, threshold)[:2],
                rates(p >= threshold, labels, 1)[1],
            ),
            "Your last number is the share of the noes that are right.",
        ),
        Mistake(_of_everybody, "You divide by everybody. Each rate has a group of its own."),
        Mistake(
            lambda labels, p, threshold: (
                *rates(labels, p, threshold)[:2],
                np.mean((p >= threshold) == labels),
            ),
            "Your last number is the accuracy: all calls, not the yes.",
        ),
    ),
    hints=(
        "Two arrays of True and False are enough: who is ill, and who was called.",
        "TP is np.sum(yes & ill). Divide it by the ill, and by the yeses; the specificity is "
        "np.sum(~yes & ~ill) divided by the healthy.",
    ),
    cases=_call_cases,
)


def threshold_for(labels, p, sensitivity):
    found = np.sort(p[labels == 1])[::-1]
    return found[int(np.ceil(sensitivity * len(found) - 1e-9)) - 1]


def _places_off(labels, p, sensitivity, places):
    found = np.sort(p[labels == 1])[::-1]
    k = int(np.ceil(sensitivity * len(found) - 1e-9)) - 1 + places
    return found[np.clip(k, 0, len(found) - 1)]


def _threshold_cases():
    rng = np.random.default_rng(92)
    labels = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    p = np.array([0.95, 0.8, 0.7, 0.35, 0.2, 0.85, 0.6, 0.4, 0.3, 0.1, 0.05])
    return [
        (labels, p, 0.8),
        (labels, p, 0.5),
        (np.arange(40) % 2, rng.permutation(40) / 40, 0.9),
    ]


THRESHOLD_FOR = Exercise(
    task="the highest threshold that reaches a sensitivity",
    reference=threshold_for,
    mistakes=(
        Mistake(
            lambda labels, p, sensitivity: _places_off(labels, p, sensitivity, 1),
            "One place too far: a higher threshold is enough.",
        ),
        Mistake(
            lambda labels, p, sensitivity: _places_off(labels, p, sensitivity, -1),
            "One place short: this threshold finds too few.",
        ),
        Mistake(
            lambda labels, p, sensitivity: threshold_for(np.ones(len(p)), p, sensitivity),
            "Only the scores of class 1 count for the sensitivity.",
        ),
        Mistake(
            lambda labels, p, sensitivity: threshold_for(1 - labels, p, sensitivity),
            "You have taken the scores of class 0.",
        ),
        Mistake(
            lambda labels, p, sensitivity: threshold_for(labels, p, 1 - sensitivity + 1e-6),
            "Counted from the wrong end: this finds only the rest.",
        ),
        Mistake(
            lambda labels, p, sensitivity: np.quantile(p[labels == 1], 1 - sensitivity),
            "A quantile lies between two scores, where nobody is. Take one of the scores.",
        ),
        Mistake(
            lambda labels, p, sensitivity: p[labels == 1].min(),
            "That finds everybody. A higher threshold may be enough.",
        ),
    ),
    hints=(
        "Sort the scores of class 1 from high to low. How many of them must be found?",
        "k = ceil(sensitivity · number of class 1) must be found, so the threshold is the k-th "
        "of the sorted scores, at index k - 1.",
    ),
    cases=_threshold_cases,
)


def ece(labels, p, edges):
    total = 0.0
    for b in range(len(edges) - 1):
        inside = (p >= edges[b]) & (p < edges[b + 1])
        if inside.any():
            total += inside.sum() * abs(p[inside].mean() - labels[inside].mean())
    return total / len(p)


def _binned(labels, p, edges, combine):
    bins = [(p >= low) & (p < high) for low, high in pairwise(edges)]
    n, gap = np.transpose([(np.sum(b), p[b].mean() - labels[b].mean()) for b in bins if b.any()])
    return combine(n, gap)


def _middle_of_bin(labels, p, edges):
    total = 0.0
    for b in range(len(edges) - 1):
        inside = (p >= edges[b]) & (p < edges[b + 1])
        if inside.any():
            total += inside.sum() * abs((edges[b] + edges[b + 1]) / 2 - labels[inside].mean())
    return total / len(p)


def _probability_cases():
    rng = np.random.default_rng(93)
    p = rng.random(60)
    return [
        (
            np.array([0, 0, 0, 1, 1, 0, 0]),
            np.array([0.0, 0.2, 0.1, 0.4, 0.9, 0.7, 0.5]),
            np.array([0, 0.5, 1]),
        ),
        ((rng.random(60) < p**2).astype(int), p, np.linspace(0, 1, 6)),
        ((rng.random(60) < p).astype(int), 0.55 * p, np.linspace(0, 1, 5)),
    ]


ECE = Exercise(
    task="the expected calibration error",
    reference=ece,
    mistakes=(
        Mistake(
            lambda labels, p, edges: _binned(labels, p, edges, lambda n, gap: np.mean(np.abs(gap))),
            "Every bin counts the same here. A bin with two samples must not weigh as much as "
            "one with fifty.",
        ),
        Mistake(
            lambda labels, p, edges: _binned(
                labels, p, edges, lambda n, gap: np.sum(n * gap) / n.sum()
            ),
            "Too high here and too low there must not cancel.",
        ),
        Mistake(
            lambda labels, p, edges: _binned(labels, p, edges, lambda n, gap: np.max(np.abs(gap))),
            "That is the worst bin. The mean over all of them is asked for.",
        ),
        Mistake(
            lambda labels, p, edges: _binned(
                labels, p, edges, lambda n, gap: np.sum(n * gap**2) / n.sum()
            ),
            "The distance itself, not its square.",
        ),
        Mistake(
            lambda labels, p, edges: np.mean(np.abs(p - labels)),
            "A single outcome is 0 or 1 and never near 0.6. Compare means within a bin.",
        ),
        Mistake(_middle_of_bin, "Take the mean of the p in the bin, not the bin's middle."),
        Mistake(
            lambda labels, p, edges: len(p) * ece(labels, p, edges),
            "Divide by the number of samples.",
        ),
    ),
    hints=(
        "For each bin: mean p, share of ones, distance; then a mean weighted by the counts.",
        "sum of n_b · |mean(p in b) - mean(y in b)| over the bins that are not empty, divided by "
        "n.",
    ),
    cases=_probability_cases,
)


def temper(p, T):
    z = np.log(p / (1 - p))
    return 1 / (1 + np.exp(-z / T))


def _temperature_cases():
    p = np.array([0.02, 0.3, 0.5, 0.9, 0.999])
    return [(p, 2.0), (p, 0.5), (np.array([0.7, 0.2]), 1.0), (p[1:4], 5.0)]


TEMPER = Exercise(
    task="probabilities at a temperature",
    reference=temper,
    mistakes=(
        Mistake(lambda p, T: p / T, "You divided the probability. Divide its log-odds."),
        Mistake(
            lambda p, T: temper(p, 1 / T),
            "T above 1 must draw towards one half; yours drives apart.",
        ),
        Mistake(
            lambda p, T: 1 / (1 + np.exp(-p / T)),
            "The sigmoid wants a score: first turn p into log-odds.",
        ),
        Mistake(
            lambda p, T: 1 / (1 + np.exp(-np.log(p) / T)),
            "Log-odds are log(p / (1 - p)), not log(p).",
        ),
        Mistake(
            lambda p, T: 1 - temper(p, T),
            "At T = 1 nothing should change. Yours gives 1 - p: look at the sign.",
        ),
        Mistake(lambda p, T: p ** (1 / T), "What becomes of 1 - p? Both must sum to 1 again."),
        Mistake(
            lambda p, T: 1 / (1 + np.exp(-p / (1 - p) / T)),
            "These are odds. Their logarithm is the score.",
        ),
        Mistake(
            lambda p, T: np.log(p / (1 - p)) / T,
            "These are the new log-odds. Go back to a probability.",
        ),
    ),
    hints=(
        "Three steps: from p to a score z, z / T, and back with the sigmoid.",
        "z = log(p / (1 - p)); then 1 / (1 + exp(-z / T)).",
    ),
    cases=_temperature_cases,
)


def ppv_at(sensitivity, specificity, prevalence):
    hits = sensitivity * prevalence
    alarms = (1 - specificity) * (1 - prevalence)
    return hits / (hits + alarms)


PPV_AT = Exercise(
    task="the positive predictive value at a prevalence",
    reference=ppv_at,
    mistakes=(
        Mistake(
            lambda se, sp, prevalence: se / (se + 1 - sp),
            "That is the PPV where half are ill, as in a test set that was balanced. Weigh both "
            "groups by the prevalence.",
        ),
        Mistake(
            lambda se, sp, prevalence: se,
            "That is out of the ill. The PPV is out of the yeses.",
        ),
        Mistake(
            lambda se, sp, prevalence: se * prevalence,
            "These are the right yeses out of everybody. And the wrong ones?",
        ),
        Mistake(
            lambda se, sp, prevalence: ppv_at(sp, se, 1 - prevalence), "That is what a no is worth."
        ),
        Mistake(
            lambda se, sp, prevalence: ppv_at(se, 1 - sp, prevalence),
            "The specificity is the share of the healthy who are let go. Which share alarms?",
        ),
        Mistake(
            lambda se, sp, prevalence: se * prevalence / (se * prevalence + 1 - sp),
            "The false alarms come from the healthy only: what share is it?",
        ),
    ),
    hints=(
        "Imagine 1,000 people: how many are ill and called, how many healthy and called?",
        "Right yeses: sensitivity · prevalence. Wrong ones: (1 - specificity) · (1 - "
        "prevalence). The PPV is the first divided by the sum.",
    ),
    cases=lambda: [(0.9, 0.9, 0.02), (0.95, 0.8, 0.3), (0.6, 0.99, 0.005), (0.9, 0.9, 0.5)],
)


def samples_of(patients, drawn):
    return np.concatenate([np.flatnonzero(patients == who) for who in drawn])


def _drawn_cases():
    patients = np.array([7, 7, 7, 3, 3, 9, 5, 5])
    return [
        (patients, np.array([3, 7, 3, 9])),
        (patients, np.array([9, 9, 5, 9])),
        (np.array([2, 4, 2, 4, 6, 2]), np.array([6, 2, 2])),
    ]


SAMPLES_OF = Exercise(
    task="the samples of patients that were drawn",
    reference=samples_of,
    mistakes=(
        Mistake(
            lambda patients, drawn: np.flatnonzero(np.isin(patients, drawn)),
            "`np.isin` takes a patient once, however often drawn. That is drawing without "
            "replacement: a patient drawn twice comes twice.",
        ),
        Mistake(
            lambda patients, drawn: samples_of(patients, list(dict.fromkeys(drawn))),
            "You drop repeated patients. They are what makes a bootstrap.",
        ),
        Mistake(
            lambda patients, drawn: np.array([np.flatnonzero(patients == who)[0] for who in drawn]),
            "All samples of a drawn patient come along, not one.",
        ),
        Mistake(
            lambda patients, drawn: samples_of(patients, drawn)[: len(drawn)],
            "You stop after as many samples as patients. The number of samples may vary.",
        ),
        Mistake(
            lambda patients, drawn: patients[samples_of(patients, drawn)],
            "Return the indices of the samples, not the names of the patients.",
        ),
        Mistake(
            lambda patients, drawn: np.flatnonzero(~np.isin(patients, drawn)),
            "These are the samples of those who were not drawn.",
        ),
        Mistake(
            lambda patients, drawn: [list(np.flatnonzero(patients == who)) for who in drawn],
            "Join the pieces into one array.",
        ),
    ),
    hints=(
        "Go through `drawn`, and find all places of each patient.",
        "np.flatnonzero(patients == who) gives one patient's samples; np.concatenate joins them.",
    ),
    cases=_drawn_cases,
)


CHANCE = Exercise(
    task="the chance that a view has a sister in training",
    reference=1 - 0.2**3,
    mistakes=(
        Mistake(0.8, "That is the chance for one sister. There are three."),
        Mistake(0.8**3, "That is the chance that all three are in training."),
        Mistake(0.2**3, "That is the chance that none of them is in training."),
        Mistake(1 - 0.2**4, "The view itself is in the test fold already: three are left."),
        Mistake(3 * 0.8, "Chances of events that can happen together do not simply add up."),
        Mistake(1 - 0.8**3, "That is the chance that a sister shares the view's fold."),
    ),
    hints=(
        "Think of the opposite: where must all three sisters lie, so that none is in training?",
        "Each lies in the test fold with chance 1/5. The answer is one minus the chance that all "
        "three do.",
    ),
    rtol=1e-3,
)
