"""Exercises: scarce and messy data."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def nested_subsets(patients, order, sizes):
    return [np.flatnonzero(np.isin(patients, order[:k])) for k in sizes]


def _not_nested(patients, order, sizes):
    pieces = [order[end - k : end] for k, end in zip(sizes, np.cumsum(sizes), strict=True)]
    return [np.flatnonzero(np.isin(patients, piece)) for piece in pieces]


def _nested_cases():
    patients = np.array(["ann", "ann", "bob", "cem", "ann", "dan", "bob", "eva"])
    return [
        (patients, ["bob", "eva", "ann", "dan", "cem"], [1, 2, 4]),
        (patients, ["eva", "cem", "dan", "bob", "ann"], [2, 3]),
        (patients[::-1].copy(), ["dan", "ann", "cem", "bob", "eva"], [1, 3, 4]),
    ]


NESTED_SUBSETS = Exercise(
    task="nested subsets of patients",
    reference=nested_subsets,
    mistakes=(
        Mistake(
            lambda patients, order, sizes: [np.arange(k) for k in sizes],
            "You count samples. A size counts patients, and all samples of a patient go along.",
        ),
        Mistake(
            _not_nested,
            "Your second subset does not hold the first. Start each one at the beginning of order.",
        ),
        Mistake(
            lambda patients, order, sizes: [order[:k] for k in sizes],
            "These are the patients. Return the indices of their samples.",
        ),
        Mistake(
            lambda patients, order, sizes: [np.isin(patients, order[:k]) for k in sizes],
            "These are masks. np.flatnonzero turns each into indices.",
        ),
        Mistake(
            lambda patients, order, sizes: nested_subsets(
                patients, list(dict.fromkeys(patients)), sizes
            ),
            "You go by the order of the samples. Go by order.",
        ),
        Mistake(
            lambda patients, order, sizes: [
                np.sort([list(patients).index(p) for p in order[:k]]) for k in sizes
            ],
            "Some patients have several samples; take them all.",
        ),
        Mistake(
            lambda patients, order, sizes: [
                np.concatenate([np.flatnonzero(patients == p) for p in order[:k]]) for k in sizes
            ],
            "The right samples. Give the indices in ascending order.",
        ),
    ),
    hints=(
        "The subset of size k holds every sample whose patient is among order[:k].",
        "np.isin(patients, order[:k]) is a mask; np.flatnonzero makes indices of it.",
    ),
    cases=_nested_cases,
)


def soft_labels(ratings):
    present = ~np.isnan(ratings)
    votes = (ratings > 3) + 0.5 * (ratings == 3)
    return votes.sum(axis=1) / present.sum(axis=1)


def _ratings_cases():
    absent = np.nan
    return [
        (np.array([[5, 4, 3, 2], [1, 2, 2, 1], [4, 4, 3, absent]], float),),
        (np.array([[2, 3, absent, 1], [5, 4, 5, 4], [3, 3, 5, 4]], float),),
        (np.array([[4, absent, absent, absent], [3, 2, absent, absent]], float),),
    ]


SOFT_LABELS = Exercise(
    task="soft labels from ratings",
    reference=soft_labels,
    mistakes=(
        Mistake(
            lambda ratings: np.mean((ratings > 3) + 0.5 * (ratings == 3), axis=1),
            "An absent reader has no vote, neither for nor against. Divide by those present.",
        ),
        Mistake(
            lambda ratings: np.nanmean(ratings, axis=1),
            "That is a mean rating from 1 to 5. Turn each rating into a vote.",
        ),
        Mistake(
            lambda ratings: (np.nanmean(ratings, axis=1) - 1) / 4,
            "You scale the mean rating, so that a 4 weighs less than a 5. Count votes.",
        ),
        Mistake(
            lambda ratings: np.sum(ratings >= 3, axis=1) / np.sum(~np.isnan(ratings), axis=1),
            "A rating of 3 leans to neither side: half a vote.",
        ),
        Mistake(
            lambda ratings: np.sum(ratings > 3, axis=1) / np.sum(~np.isnan(ratings), axis=1),
            "A rating of 3 is not a vote for benign: half a vote.",
        ),
        Mistake(
            lambda ratings: (
                np.sum(ratings > 3, axis=1)
                / np.maximum(1, np.sum((ratings > 3) | (ratings < 3), axis=1))
            ),
            "Who says 3 is undecided, not absent: half a vote.",
        ),
        Mistake(
            lambda ratings: np.mean((np.sign(ratings - 3) + 1) / 2, axis=1),
            "NaN spreads through a mean. Count only who is present.",
        ),
        Mistake(
            lambda ratings: (np.nanmedian(ratings, axis=1) > 3).astype(float),
            "That is one label for all. The share keeps the doubt.",
        ),
    ),
    hints=(
        "Each rating becomes 1, 0.5 or 0; then take the mean over the readers who are present.",
        "Comparisons with NaN are False, so (ratings > 3) + 0.5 * (ratings == 3) is 0 there; "
        "divide by the number that are not NaN.",
    ),
    cases=_ratings_cases,
)


ANSWER = Exercise(
    task="what a network says that has learned flipped labels perfectly",
    reference=0.74,
    mistakes=(
        Mistake(
            0.72,
            "Those are the malignant ones that kept their label. Some benign ones have it too.",
        ),
        Mistake(0.9, "That is the share of truly malignant ones. The labels say something else."),
        Mistake(0.7, "Flipping takes labels away on one side and adds some on the other."),
        Mistake(0.8, "That would be the share among nodules that are all malignant."),
        Mistake(0.26, "That is the share of the label benign."),
        Mistake(74, "Give a probability between 0 and 1."),
    ),
    hints=(
        "Take 100 such nodules. How many are malignant and keep their label? How many are benign "
        "and lose theirs?",
        "90 malignant of which 72 keep the label, 10 benign of which 2 get it.",
    ),
)


def other_share(p, before, after):
    odds = p / (1 - p) * (after / (1 - after)) / (before / (1 - before))
    return odds / (1 + odds)


def _share(odds):
    return odds / (1 + odds)


OTHER_SHARE = Exercise(
    task="a probability where the class has another share",
    reference=other_share,
    mistakes=(
        Mistake(
            lambda p, before, after: other_share(p, after, before),
            "You go from the new share to the old one. Which odds divide?",
        ),
        Mistake(
            lambda p, before, after: p * after / before,
            "That may exceed 1. Scale the odds, not the probability.",
        ),
        Mistake(
            lambda p, before, after: p / (1 - p) * (after / (1 - after)) / (before / (1 - before)),
            "These are odds. Turn them back: odds / (1 + odds).",
        ),
        Mistake(
            lambda p, before, after: _share(p / (1 - p) * after / before),
            "You scale by the ratio of the shares; the formula has the ratio of their odds.",
        ),
        Mistake(
            lambda p, before, after: _share(p / (1 - p) * after / (1 - after)),
            "The old share is already inside p. Divide its odds out.",
        ),
    ),
    hints=(
        "Odds of p are p / (1 - p). Scale them as the formula says, and turn them back.",
        "odds / (1 + odds) gives the probability.",
    ),
    cases=lambda: [
        (np.array([0.1, 0.5, 0.9]), 0.5, 0.1),
        (np.array([0.02, 0.4, 0.75, 0.97]), 0.1, 0.5),
        (np.array([0.3, 0.6]), 0.4, 0.05),
    ],
)


def missing_positions(z):
    z = np.sort(z)
    step = np.median(np.diff(z))
    found = []
    for low, gap in zip(z, np.diff(z), strict=False):
        for k in range(1, round(gap / step)):
            found.append(low + k * step)
    return found


def _filled(z, step=np.median, whole=round):
    step = step(np.diff(z))
    gaps = zip(z, np.diff(z), strict=False)
    return [low + k * step for low, gap in gaps for k in range(1, whole(gap / step))]


def _one_for_each_gap(z):
    z = np.sort(z)
    gaps = np.diff(z)
    wide = gaps > 1.5 * np.median(gaps)
    return z[:-1][wide] + np.median(gaps)


MISSING_POSITIONS = Exercise(
    task="the positions of missing slices",
    reference=missing_positions,
    mistakes=(
        Mistake(_filled, "The second case comes in the order of the file names. Sort first."),
        Mistake(_one_for_each_gap, "A gap of three steps has lost two slices, not one."),
        Mistake(
            lambda z: _filled(np.sort(z), whole=lambda steps: round(steps) + 1),
            "The last position that you name is that of a slice that is there.",
        ),
        Mistake(
            lambda z: _filled(np.sort(z), whole=lambda steps: int(np.ceil(steps))),
            "Positions are rounded: a gap of 1.01 steps has lost nothing. Round to whole steps.",
        ),
        Mistake(
            lambda z: _filled(np.sort(z), whole=int),
            "Positions are rounded: a gap of 1.99 steps is 2. Round, do not cut off.",
        ),
        Mistake(
            lambda z: _filled(np.sort(z), step=np.mean),
            "Gaps make the mean step longer than the usual one. The median stays.",
        ),
        Mistake(
            lambda z: len(missing_positions(z)),
            "Return where they should lie, not how many they are.",
        ),
    ),
    hints=(
        "Sort, take differences, and compare each with their median.",
        "A gap of about m steps has lost m - 1 slices, at low + k * step for k from 1 to m - 1.",
    ),
    cases=lambda: [
        (np.array([0.0, 5.0, 10.0, 20.0, 25.0, 30.0]),),
        (np.array([7.5, 0.0, 2.5, 17.5, 20.0, 15.0, 5.0, 22.5]),),
        (np.array([-31.0, -29.02, -26.99, -25.0, -18.97, -17.0, -15.03, -11.05, -9.0]),),
    ],
    rtol=0,
    atol=0.2,
)
