"""Exercises of lesson 09, evaluate honestly."""

import numpy as np

from medtutor.exercises._lesson_09_calibration import CALIBRATION
from medtutor.exercises._lesson_09_patients import PATIENTS
from medtutor.exercises.engine import Exercise, Mistake


def rates(labels, p, threshold):
    yes, ill = p >= threshold, labels == 1
    tp = np.sum(yes & ill)
    return tp / ill.sum(), np.sum(~yes & ~ill) / np.sum(~ill), tp / yes.sum()


def rates_by_counting(labels, p, threshold):
    count = np.zeros((2, 2))
    for y, score in zip(labels, p, strict=True):
        count[y, int(score >= threshold)] += 1
    (tn, fp), (fn, tp) = count
    return tp / (tp + fn), tn / (tn + fp), tp / (tp + fp)


def _swapped_axes(labels, p, threshold):
    yes, ill = p >= threshold, labels == 1
    return (
        np.sum(yes & ill) / yes.sum(),
        np.sum(~yes & ~ill) / np.sum(~yes),
        np.sum(yes & ill) / ill.sum(),
    )


def _above(labels, p, threshold):
    return rates(labels, p, np.nextafter(threshold, np.inf))


def _called_low(labels, p, threshold):
    return rates(labels, -p, -threshold)


def _ppv_for_sensitivity(labels, p, threshold):
    sensitivity, specificity, ppv = rates(labels, p, threshold)
    return ppv, specificity, sensitivity


def _false_positive_rate(labels, p, threshold):
    sensitivity, specificity, ppv = rates(labels, p, threshold)
    return sensitivity, 1 - specificity, ppv


def _npv(labels, p, threshold):
    yes, ill = p >= threshold, labels == 1
    sensitivity, specificity, _ = rates(labels, p, threshold)
    return sensitivity, specificity, np.sum(~yes & ~ill) / np.sum(~yes)


def _of_everybody(labels, p, threshold):
    yes, ill = p >= threshold, labels == 1
    return np.mean(yes & ill), np.mean(~yes & ~ill), np.mean(yes & ill)


def _accuracy_for_ppv(labels, p, threshold):
    sensitivity, specificity, _ = rates(labels, p, threshold)
    return sensitivity, specificity, np.mean((p >= threshold) == (labels == 1))


def _call_cases():
    rng = np.random.default_rng(91)
    labels = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    p = np.array([0.9, 0.5, 0.2, 0.5, 0.8, 0.1, 0.4, 0.3])
    return [
        (labels, p, 0.5),
        (labels, p, 0.3),
        (np.arange(30) % 3 // 2, rng.integers(0, 11, 30) / 10, 0.7),
    ]


def threshold_for(labels, p, sensitivity):
    found = np.sort(p[labels == 1])[::-1]
    return found[int(np.ceil(sensitivity * len(found) - 1e-9)) - 1]


def threshold_by_trying(labels, p, sensitivity):
    for t in sorted(p, reverse=True):
        if np.mean(p[labels == 1] >= t) >= sensitivity - 1e-9:
            return t
    return None


def _one_too_far(labels, p, sensitivity):
    found = np.sort(p[labels == 1])[::-1]
    return found[min(int(np.ceil(sensitivity * len(found) - 1e-9)), len(found) - 1)]


def _one_short(labels, p, sensitivity):
    found = np.sort(p[labels == 1])[::-1]
    return found[max(0, int(np.ceil(sensitivity * len(found) - 1e-9)) - 2)]


def _all_scores(labels, p, sensitivity):
    return threshold_for(np.ones(len(p)), p, sensitivity)


def _specificity(labels, p, sensitivity):
    return threshold_for(1 - labels, p, sensitivity)


def _from_below(labels, p, sensitivity):
    return threshold_for(labels, p, 1 - sensitivity + 1e-6)


def _interpolated(labels, p, sensitivity):
    return np.quantile(p[labels == 1], 1 - sensitivity)


def _lowest(labels, p, sensitivity):
    return p[labels == 1].min()


def _threshold_cases():
    rng = np.random.default_rng(92)
    labels = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    p = np.array([0.95, 0.8, 0.7, 0.35, 0.2, 0.85, 0.6, 0.4, 0.3, 0.1, 0.05])
    return [
        (labels, p, 0.8),
        (labels, p, 0.5),
        (np.arange(40) % 2, rng.permutation(40) / 40, 0.9),
    ]


def ppv_at(sensitivity, specificity, prevalence):
    hits = sensitivity * prevalence
    alarms = (1 - specificity) * (1 - prevalence)
    return hits / (hits + alarms)


def ppv_through_odds(sensitivity, specificity, prevalence):
    odds = prevalence / (1 - prevalence) * sensitivity / (1 - specificity)
    return odds / (1 + odds)


def _balanced(sensitivity, specificity, prevalence):
    return sensitivity / (sensitivity + 1 - specificity)


def _is_sensitivity(sensitivity, specificity, prevalence):
    return sensitivity


def _only_hits(sensitivity, specificity, prevalence):
    return sensitivity * prevalence


def _npv_at(sensitivity, specificity, prevalence):
    cleared = specificity * (1 - prevalence)
    return cleared / (cleared + (1 - sensitivity) * prevalence)


def _specificity_as_alarms(sensitivity, specificity, prevalence):
    hits = sensitivity * prevalence
    return hits / (hits + specificity * (1 - prevalence))


def _all_healthy_alarm(sensitivity, specificity, prevalence):
    return sensitivity * prevalence / (sensitivity * prevalence + 1 - specificity)


def _rate_cases():
    return [(0.9, 0.9, 0.02), (0.95, 0.8, 0.3), (0.6, 0.99, 0.005), (0.9, 0.9, 0.5)]


EXERCISES = (
    Exercise(
        key="09.1",
        task="sensitivity, specificity and PPV at a threshold",
        reference=rates,
        second=rates_by_counting,
        mistakes=(
            Mistake(
                _swapped_axes,
                "Your shares are of those who were called, row and column exchanged. Sensitivity "
                "and specificity are shares of the truth.",
            ),
            Mistake(_above, "What happens to a sample exactly at the threshold? It is a yes."),
            Mistake(_called_low, "A high p is a yes; you call the low ones."),
            Mistake(
                _ppv_for_sensitivity,
                "The first and the last are exchanged: out of the ill is sensitivity, out of the "
                "yeses is PPV.",
            ),
            Mistake(_false_positive_rate, "Your second number is one minus what was asked for."),
            Mistake(_npv, "Your last number is the share of the noes that are right."),
            Mistake(_of_everybody, "You divide by everybody. Each rate has a group of its own."),
            Mistake(_accuracy_for_ppv, "Your last number is the accuracy: all calls, not the yes."),
        ),
        hints=(
            "Two arrays of True and False are enough: who is ill, and who was called.",
            "TP is np.sum(yes & ill). Divide it by the ill, and by the yeses; the specificity is "
            "np.sum(~yes & ~ill) divided by the healthy.",
        ),
        cases=_call_cases,
    ),
    Exercise(
        key="09.2",
        task="the highest threshold that reaches a sensitivity",
        reference=threshold_for,
        second=threshold_by_trying,
        mistakes=(
            Mistake(_one_too_far, "One place too far: a higher threshold is enough."),
            Mistake(_one_short, "One place short: this threshold finds too few."),
            Mistake(_all_scores, "Only the scores of class 1 count for the sensitivity."),
            Mistake(_specificity, "You have taken the scores of class 0."),
            Mistake(_from_below, "Counted from the wrong end: this finds only the rest."),
            Mistake(
                _interpolated,
                "A quantile lies between two scores, where nobody is. Take one of the scores.",
            ),
            Mistake(_lowest, "That finds everybody. A higher threshold may be enough."),
        ),
        hints=(
            "Sort the scores of class 1 from high to low. How many of them must be found?",
            "k = ceil(sensitivity · number of class 1) must be found, so the threshold is the "
            "k-th of the sorted scores, at index k - 1.",
        ),
        cases=_threshold_cases,
    ),
    *CALIBRATION,
    Exercise(
        key="09.5",
        task="the positive predictive value at a prevalence",
        reference=ppv_at,
        second=ppv_through_odds,
        mistakes=(
            Mistake(
                _balanced,
                "That is the PPV where half are ill, as in a test set that was balanced. Weigh "
                "both groups by the prevalence.",
            ),
            Mistake(_is_sensitivity, "That is out of the ill. The PPV is out of the yeses."),
            Mistake(_only_hits, "These are the right yeses out of everybody. And the wrong ones?"),
            Mistake(_npv_at, "That is what a no is worth."),
            Mistake(
                _specificity_as_alarms,
                "The specificity is the share of the healthy who are let go. Which share alarms?",
            ),
            Mistake(
                _all_healthy_alarm, "The false alarms come from the healthy only: what share is it?"
            ),
        ),
        hints=(
            "Imagine 1,000 people: how many are ill and called, how many healthy and called?",
            "Right yeses: sensitivity · prevalence. Wrong ones: (1 - specificity) · "
            "(1 - prevalence). The PPV is the first divided by the sum.",
        ),
        cases=_rate_cases,
    ),
    *PATIENTS,
)
