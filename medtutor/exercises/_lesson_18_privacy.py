"""Exercises of lesson 18 about what one patient may change, and what an attacker gains."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def clipped_sum(gradients, clip):
    lengths = np.sqrt((gradients**2).sum(axis=1, keepdims=True))
    return (gradients * np.minimum(1, clip / lengths)).sum(axis=0)


def clipped_sum_by_loop(gradients, clip):
    total = np.zeros(gradients.shape[1])
    for g in gradients:
        length = np.linalg.norm(g)
        total += g if length <= clip else g * clip / length
    return total


def _each_entry(gradients, clip):
    return np.clip(gradients, -clip, clip).sum(axis=0)


def _all_to_one_length(gradients, clip):
    return (gradients * clip / np.linalg.norm(gradients, axis=1, keepdims=True)).sum(axis=0)


def _sum_first(gradients, clip):
    total = gradients.sum(axis=0)
    return total * min(1, clip / np.linalg.norm(total))


def _not_clipped(gradients, clip):
    return gradients.sum(axis=0)


def _mean(gradients, clip):
    return clipped_sum(gradients, clip) / len(gradients)


def _squares(gradients, clip):
    squares = (gradients**2).sum(axis=1, keepdims=True)
    return (gradients * np.minimum(1, clip / squares)).sum(axis=0)


def _absolute(gradients, clip):
    lengths = np.abs(gradients).sum(axis=1, keepdims=True)
    return (gradients * np.minimum(1, clip / lengths)).sum(axis=0)


def _dropped(gradients, clip):
    return gradients[np.linalg.norm(gradients, axis=1) <= clip].sum(axis=0)


def _no_sum(gradients, clip):
    lengths = np.linalg.norm(gradients, axis=1, keepdims=True)
    return gradients * np.minimum(1, clip / lengths)


def _down_the_patients(gradients, clip):
    lengths = np.linalg.norm(gradients, axis=0, keepdims=True)
    return (gradients * np.minimum(1, clip / lengths)).sum(axis=0)


def _clip_cases():
    rng = np.random.default_rng(183)
    return [
        (np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0),
        (rng.normal(size=(6, 5)) * rng.uniform(0.2, 3, (6, 1)), 1.5),
    ]


def advantage(inside, outside, threshold):
    return np.mean(inside < threshold) - np.mean(outside < threshold)


def advantage_by_counting(inside, outside, threshold):
    caught = len([loss for loss in inside if loss < threshold]) / len(inside)
    wronged = len([loss for loss in outside if loss < threshold]) / len(outside)
    return caught - wronged


def _caught_only(inside, outside, threshold):
    return np.mean(inside < threshold)


def _wrong_way(inside, outside, threshold):
    return np.mean(inside > threshold) - np.mean(outside > threshold)


def _accuracy(inside, outside, threshold):
    return (np.mean(inside < threshold) + np.mean(outside >= threshold)) / 2


def _counts(inside, outside, threshold):
    return np.sum(inside < threshold) - np.sum(outside < threshold)


def _of_all(inside, outside, threshold):
    return (np.sum(inside < threshold) - np.sum(outside < threshold)) / (len(inside) + len(outside))


def _ratio(inside, outside, threshold):
    return np.mean(inside < threshold) / max(1e-9, np.mean(outside < threshold))


def _losses(inside, outside, threshold):
    return np.mean(outside) - np.mean(inside)


def _added(inside, outside, threshold):
    return np.mean(inside < threshold) + np.mean(outside < threshold)


def _advantage_cases():
    rng = np.random.default_rng(184)
    return [
        (np.array([0.1, 0.2, 0.9, 0.3]), np.array([0.25, 0.8]), 0.5),
        (rng.exponential(0.3, 40), rng.exponential(0.5, 60), 0.2),
    ]


PRIVACY = (
    Exercise(
        key="18.3",
        task="the sum of clipped gradients",
        reference=clipped_sum,
        second=clipped_sum_by_loop,
        mistakes=(
            Mistake(_each_entry, "You cut each entry. Asked for is the length of the whole row: "
                    "shorten it and keep its direction."),
            Mistake(_all_to_one_length, "Short gradients became longer. Clipping only shortens: "
                    "the factor is at most 1."),
            Mistake(_sum_first, "One patient can still turn the sum. Clip each row, then add."),
            Mistake(_not_clipped, "Nothing is clipped yet: no bound on what one patient can do."),
            Mistake(_mean, "The sum is asked for; dividing comes after the noise."),
            Mistake(_squares, "That is the square of the length. Take the root."),
            Mistake(_absolute, "The noise is measured against the Euclidean length: squares, sum, "
                    "root."),
            Mistake(_dropped, "Long gradients are shortened, not thrown away."),
            Mistake(_no_sum, "The rows are right. Add them up over the patients."),
            Mistake(_down_the_patients, "You measured columns. A patient is a row: axis=1."),
        ),
        hints=(
            "Compute the length of each row. Multiply a row that is too long by clip / length.",
            "np.minimum(1, clip / lengths) leaves short rows alone; keepdims=True keeps the shapes "
            "fitting.",
        ),
        cases=_clip_cases,
    ),
    Exercise(
        key="18.4",
        task="what an attacker gains with a threshold",
        reference=advantage,
        second=advantage_by_counting,
        mistakes=(
            Mistake(_caught_only, "An attacker who always says yes would score 1. Take away the "
                    "share of outsiders whom the rule accuses too."),
            Mistake(_wrong_way, "Members have small losses: below the threshold means yes."),
            Mistake(_accuracy, "That is the share of right answers in a balanced group. The "
                    "advantage is 0 for guessing."),
            Mistake(_counts, "Shares, not counts: the two groups differ in size."),
            Mistake(_of_all, "Each count is divided by its own group."),
            Mistake(_ratio, "A difference of two shares, not their ratio."),
            Mistake(_losses, "You compared mean losses. The attacker says yes or no."),
            Mistake(_added, "Accusing outsiders is an error: take that share away."),
        ),
        hints=(
            "Which share of the members is called a member? Which share of the outsiders?",
            "np.mean(inside < threshold) is a share.",
        ),
        cases=_advantage_cases,
    ),
)  # fmt: skip
