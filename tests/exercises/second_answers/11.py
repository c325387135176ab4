import numpy as np


def nested_with_loops(patients, order, sizes):
    subsets = []
    for k in sizes:
        chosen = set(order[:k])
        subsets.append([i for i, p in enumerate(patients) if p in chosen])
    return subsets


def soft_labels_one_by_one(ratings):
    shares = []
    for row in ratings:
        opinions = [r for r in row if r == r]  # NaN is not equal to itself
        shares.append(np.mean([1 if r > 3 else 0.5 if r == 3 else 0 for r in opinions]))
    return np.array(shares)


def other_share_by_bayes(p, before, after):
    yes = p * after / before
    no = (1 - p) * (1 - after) / (1 - before)
    return yes / (yes + no)


def missing_on_a_grid(z):
    step = np.median(np.diff(np.sort(z)))
    places = np.round((z - z.min()) / step).astype(int)
    return z.min() + step * np.setdiff1d(np.arange(places.max() + 1), places)


SECOND = {
    "NESTED_SUBSETS": nested_with_loops,
    "SOFT_LABELS": soft_labels_one_by_one,
    "ANSWER": 0.8 * 0.9 + 0.2 * (1 - 0.9),
    "OTHER_SHARE": other_share_by_bayes,
    "MISSING_POSITIONS": missing_on_a_grid,
}
