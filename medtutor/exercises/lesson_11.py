"""Exercises of lesson 11, scarce and messy data."""

import numpy as np

from medtutor.exercises._lesson_11_messy import MISSING, NOISE, SHARE
from medtutor.exercises.engine import Exercise, Mistake


def nested_subsets(patients, order, sizes):
    return [np.flatnonzero(np.isin(patients, order[:k])) for k in sizes]


def nested_with_loops(patients, order, sizes):
    subsets = []
    for k in sizes:
        chosen = set(order[:k])
        subsets.append([i for i, p in enumerate(patients) if p in chosen])
    return subsets


def _samples_drawn(patients, order, sizes):
    return [np.arange(k) for k in sizes]


def _not_nested(patients, order, sizes):
    ends = np.cumsum(sizes)
    return [
        np.flatnonzero(np.isin(patients, order[end - k : end]))
        for k, end in zip(sizes, ends, strict=True)
    ]


def _names(patients, order, sizes):
    return [order[:k] for k in sizes]


def _masks(patients, order, sizes):
    return [np.isin(patients, order[:k]) for k in sizes]


def _order_of_the_data(patients, order, sizes):
    return nested_subsets(patients, list(dict.fromkeys(patients)), sizes)


def _one_sample_each(patients, order, sizes):
    return [np.sort([list(patients).index(p) for p in order[:k]]) for k in sizes]


def _patient_by_patient(patients, order, sizes):
    return [np.concatenate([np.flatnonzero(patients == p) for p in order[:k]]) for k in sizes]


def _nested_cases():
    patients = np.array(["ann", "ann", "bob", "cem", "ann", "dan", "bob", "eva"])
    return [
        (patients, ["bob", "eva", "ann", "dan", "cem"], [1, 2, 4]),
        (patients, ["eva", "cem", "dan", "bob", "ann"], [2, 3]),
        (patients[::-1].copy(), ["dan", "ann", "cem", "bob", "eva"], [1, 3, 4]),
    ]


def soft_labels(ratings):
    present = ~np.isnan(ratings)
    votes = (ratings > 3) + 0.5 * (ratings == 3)
    return votes.sum(axis=1) / present.sum(axis=1)


def soft_labels_one_by_one(ratings):
    shares = []
    for row in ratings:
        opinions = [r for r in row if r == r]  # NaN is not equal to itself
        shares.append(np.mean([1 if r > 3 else 0.5 if r == 3 else 0 for r in opinions]))
    return np.array(shares)


def _absent_votes(ratings):
    return np.mean((ratings > 3) + 0.5 * (ratings == 3), axis=1)


def _mean_rating(ratings):
    return np.nanmean(ratings, axis=1)


def _scaled_mean(ratings):
    return (np.nanmean(ratings, axis=1) - 1) / 4


def _three_is_malignant(ratings):
    return np.sum(ratings >= 3, axis=1) / np.sum(~np.isnan(ratings), axis=1)


def _three_is_benign(ratings):
    return np.sum(ratings > 3, axis=1) / np.sum(~np.isnan(ratings), axis=1)


def _three_is_absent(ratings):
    return np.sum(ratings > 3, axis=1) / np.maximum(
        1, np.sum((ratings > 3) | (ratings < 3), axis=1)
    )


def _nan_stays(ratings):
    votes = np.where(np.isnan(ratings), np.nan, (np.sign(ratings - 3) + 1) / 2)
    return np.mean(votes, axis=1)


def _majority(ratings):
    return (np.nanmedian(ratings, axis=1) > 3).astype(float)


def _ratings_cases():
    absent = np.nan
    return [
        (np.array([[5, 4, 3, 2], [1, 2, 2, 1], [4, 4, 3, absent]], float),),
        (np.array([[2, 3, absent, 1], [5, 4, 5, 4], [3, 3, 5, 4]], float),),
        (np.array([[4, absent, absent, absent], [3, 2, absent, absent]], float),),
    ]


EXERCISES = (
    Exercise(
        key="11.1",
        task="nested subsets of patients",
        reference=nested_subsets,
        second=nested_with_loops,
        mistakes=(
            Mistake(
                _samples_drawn,
                "You count samples. A size counts patients, and all samples of a patient go along.",
            ),
            Mistake(
                _not_nested,
                "Your second subset does not hold the first. Start each one at the beginning of "
                "order.",
            ),
            Mistake(_names, "These are the patients. Return the indices of their samples."),
            Mistake(_masks, "These are masks. np.flatnonzero turns each into indices."),
            Mistake(_order_of_the_data, "You go by the order of the samples. Go by order."),
            Mistake(_one_sample_each, "Some patients have several samples; take them all."),
            Mistake(_patient_by_patient, "The right samples. Give the indices in ascending order."),
        ),
        hints=(
            "The subset of size k holds every sample whose patient is among order[:k].",
            "np.isin(patients, order[:k]) is a mask; np.flatnonzero makes indices of it.",
        ),
        cases=_nested_cases,
    ),
    Exercise(
        key="11.2",
        task="soft labels from ratings",
        reference=soft_labels,
        second=soft_labels_one_by_one,
        mistakes=(
            Mistake(
                _absent_votes,
                "An absent reader has no vote, neither for nor against. Divide by those present.",
            ),
            Mistake(
                _mean_rating, "That is a mean rating from 1 to 5. Turn each rating into a vote."
            ),
            Mistake(
                _scaled_mean,
                "You scale the mean rating, so that a 4 weighs less than a 5. Count votes.",
            ),
            Mistake(_three_is_malignant, "A rating of 3 leans to neither side: half a vote."),
            Mistake(_three_is_benign, "A rating of 3 is not a vote for benign: half a vote."),
            Mistake(_three_is_absent, "Who says 3 is undecided, not absent: half a vote."),
            Mistake(_nan_stays, "NaN spreads through a mean. Count only who is present."),
            Mistake(_majority, "That is one label for all. The share keeps the doubt."),
        ),
        hints=(
            "Each rating becomes 1, 0.5 or 0; then take the mean over the readers who are present.",
            "Comparisons with NaN are False, so (ratings > 3) + 0.5 * (ratings == 3) is 0 there; "
            "divide by the number that are not NaN.",
        ),
        cases=_ratings_cases,
    ),
    NOISE,
    SHARE,
    MISSING,
)
