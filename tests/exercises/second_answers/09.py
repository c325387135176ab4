import numpy as np


def rates_by_counting(labels, p, threshold):
    count = np.zeros((2, 2))
    for y, score in zip(labels, p, strict=True):
        count[y, int(score >= threshold)] += 1
    (tn, fp), (fn, tp) = count
    return tp / (tp + fn), tn / (tn + fp), tp / (tp + fp)


def threshold_by_trying(labels, p, sensitivity):
    for t in sorted(p, reverse=True):
        if np.mean(p[labels == 1] >= t) >= sensitivity - 1e-9:
            return t
    return None


def ece_with_sums(labels, p, edges):
    # |mean of p - mean of y| times the number in the bin is |sum of p - sum of y|.
    place = np.digitize(p, edges[1:-1])
    sums = np.bincount(place, weights=p - labels, minlength=len(edges) - 1)
    return np.abs(sums).sum() / len(p)


def temper_with_powers(p, T):
    yes, no = p ** (1 / T), (1 - p) ** (1 / T)
    return yes / (yes + no)


def ppv_through_odds(sensitivity, specificity, prevalence):
    odds = prevalence / (1 - prevalence) * sensitivity / (1 - specificity)
    return odds / (1 + odds)


def samples_one_by_one(patients, drawn):
    indices = []
    for who in drawn:
        for i in range(len(patients)):
            if patients[i] == who:
                indices.append(i)
    return np.array(indices)


SECOND = {
    "RATES": rates_by_counting,
    "THRESHOLD_FOR": threshold_by_trying,
    "ECE": ece_with_sums,
    "TEMPER": temper_with_powers,
    "PPV_AT": ppv_through_odds,
    "SAMPLES_OF": samples_one_by_one,
    "CHANCE": 1 - (1 / 5) * (1 / 5) * (1 / 5),
}
