"""Exercises: federated learning."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def average(models, counts):
    n = sum(counts)
    return [
        sum(count / n * w for count, w in zip(counts, ws, strict=True))
        for ws in zip(*models, strict=True)
    ]


def _average_cases():
    rng = np.random.default_rng(181)

    def model():
        return [rng.normal(size=(3, 2)), rng.normal(size=2)]

    return [
        ([[np.array([0.0]), np.array([[1.0]])], [np.array([4.0]), np.array([[5.0]])]], [3, 1]),
        ([model(), model(), model()], [10, 200, 45]),
    ]


AVERAGE = Exercise(
    task="the average of the hospitals' models",
    reference=average,
    mistakes=(
        Mistake(
            lambda models, counts: [np.mean(ws, axis=0) for ws in zip(*models, strict=True)],
            "A hospital with ten patients now counts as much as one with a thousand. Weight each "
            "model by its count.",
        ),
        Mistake(
            lambda models, counts: [
                sum(count * w for count, w in zip(counts, ws, strict=True))
                for ws in zip(*models, strict=True)
            ],
            "An average of equal models must be that model. Divide by the sum of the counts.",
        ),
        Mistake(
            lambda models, counts: [sum(ws) for ws in zip(*models, strict=True)],
            "The weights become too large. What are the counts for?",
        ),
        Mistake(
            lambda models, counts: [w / len(models) for w in average(models, counts)],
            "The shares already sum to one; nothing is left to divide by.",
        ),
        Mistake(
            lambda models, counts: average(models, [1 / count for count in counts]),
            "Your small hospitals count most. Shares grow with counts.",
        ),
        Mistake(
            lambda models, counts: list(models[int(np.argmax(counts))]),
            "You took one hospital's model. All of them have a say.",
        ),
        Mistake(
            lambda models, counts: [
                np.average([w.mean() for w in ws], weights=counts)
                for ws in zip(*models, strict=True)
            ],
            "Each weight is averaged with the same weight of the other hospitals; the arrays "
            "keep their shapes.",
        ),
        Mistake(
            lambda models, counts: [sum(w.sum() for w in model) / len(model) for model in models],
            "Average over hospitals, layer by layer; you ran over the layers of each hospital.",
        ),
    ),
    hints=(
        "Turn the counts into shares that sum to one. Then each array of the result is a sum of "
        "share times array.",
        "zip(*models) gives the first arrays of all hospitals, then the second ones, and so on.",
        "[sum(count / n * w for count, w in zip(counts, ws)) for ws in zip(*models)]",
    ),
    cases=_average_cases,
)


def masked(update, k, seeds):
    result = update.copy()
    for j, seed in enumerate(seeds):
        mask = np.random.default_rng(seed).integers(0, 2**32, update.shape, np.uint32)
        if j > k:
            result += mask
        elif j < k:
            result -= mask
    return result


def _mask(seed, update):
    return np.random.default_rng(seed).integers(0, 2**32, update.shape, np.uint32)


def _no_wrap(update, k, seeds):
    total = update.astype(np.int64)
    for j, seed in enumerate(seeds):
        total = total + np.sign(j - k) * _mask(seed, update).astype(np.int64)
    return total


def _masked_cases():
    rng = np.random.default_rng(182)
    update = rng.integers(0, 2**32, 5, np.uint32)
    return [
        (np.array([1, 2, 4_294_967_295], np.uint32), 0, [11, 12]),
        (update, 1, [21, 22, 23, 24]),
        (update, 2, [31, 32, 33]),
    ]


MASKED = Exercise(
    task="an update under masks that cancel in the sum",
    reference=masked,
    mistakes=(
        Mistake(
            lambda update, k, seeds: (
                update + sum(_mask(s, update) for j, s in enumerate(seeds) if j != k)
            ),
            "If everybody adds, nothing cancels. Of each pair one adds and the other takes away.",
        ),
        Mistake(
            lambda update, k, seeds: update - (masked(update, k, seeds) - update),
            "That cancels as well, if all do so. Here the one with the smaller number adds: plus "
            "for j > k.",
        ),
        Mistake(
            lambda update, k, seeds: masked(update, k, seeds) + _mask(seeds[k], update),
            "There is no pair of a hospital with itself: leave seeds[k] out.",
        ),
        Mistake(
            lambda update, k, seeds: (
                update + sum((_mask(s, update) for s in seeds[k + 1 :]), np.zeros_like(update))
            ),
            "You add for the later ones. The earlier ones added theirs: take those away.",
        ),
        Mistake(
            lambda update, k, seeds: (
                update - sum((_mask(s, update) for s in seeds[:k]), np.zeros_like(update))
            ),
            "You take away for the earlier ones. For the later ones, add.",
        ),
        Mistake(
            lambda update, k, seeds: update + _mask(seeds[(k + 1) % len(seeds)], update),
            "One mask only, and one partner knows it. Take one for each partner.",
        ),
        Mistake(
            lambda update, k, seeds: masked(update, k, seeds) - update,
            "These are the masks. Where is the update?",
        ),
        Mistake(
            lambda update, k, seeds: update, "This is the update itself, for everybody to read."
        ),
        Mistake(_no_wrap, "Stay in uint32, which wraps round at 2**32."),
        Mistake(
            lambda update, k, seeds: masked(update, k, seeds).astype(float),
            "Only uint32 wraps round by itself when the server adds: return that type.",
        ),
    ),
    hints=(
        "Go through the other hospitals j. Draw the mask of the pair from seeds[j]; add it if j "
        "> k, take it away if j < k.",
        "uint32 arrays wrap round by themselves: result += mask and result -= mask are enough.",
        "mask = np.random.default_rng(seeds[j]).integers(0, 2**32, update.shape, np.uint32)",
    ),
    cases=_masked_cases,
    dtype="uint32",
)


def clipped_sum(gradients, clip):
    lengths = np.sqrt((gradients**2).sum(axis=1, keepdims=True))
    return (gradients * np.minimum(1, clip / lengths)).sum(axis=0)


def _shortened(gradients, clip, sizes):
    return gradients * np.minimum(1, clip / sizes)


def _squares(gradients, clip):
    squares = (gradients**2).sum(axis=1, keepdims=True)
    return _shortened(gradients, clip, squares).sum(axis=0)


def _absolute(gradients, clip):
    lengths = np.abs(gradients).sum(axis=1, keepdims=True)
    return _shortened(gradients, clip, lengths).sum(axis=0)


def _clip_cases():
    rng = np.random.default_rng(183)
    return [
        (np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0),
        (rng.normal(size=(6, 5)) * rng.uniform(0.2, 3, (6, 1)), 1.5),
    ]


CLIPPED_SUM = Exercise(
    task="the sum of clipped gradients",
    reference=clipped_sum,
    mistakes=(
        Mistake(
            lambda gradients, clip: np.clip(gradients, -clip, clip).sum(axis=0),
            "You cut each entry. Asked for is the length of the whole row: shorten it and keep "
            "its direction.",
        ),
        Mistake(
            lambda gradients, clip: (
                gradients * clip / np.linalg.norm(gradients, axis=1, keepdims=True)
            ).sum(axis=0),
            "Short gradients became longer. Clipping only shortens: the factor is at most 1.",
        ),
        Mistake(
            lambda gradients, clip: clipped_sum(gradients.sum(axis=0, keepdims=True), clip),
            "One patient can still turn the sum. Clip each row, then add.",
        ),
        Mistake(
            lambda gradients, clip: gradients.sum(axis=0),
            "Nothing is clipped yet: no bound on what one patient can do.",
        ),
        Mistake(
            lambda gradients, clip: clipped_sum(gradients, clip) / len(gradients),
            "The sum is asked for; dividing comes after the noise.",
        ),
        Mistake(_squares, "That is the square of the length. Take the root."),
        Mistake(
            _absolute, "The noise is measured against the Euclidean length: squares, sum, root."
        ),
        Mistake(
            lambda gradients, clip: gradients[np.linalg.norm(gradients, axis=1) <= clip].sum(
                axis=0
            ),
            "Long gradients are shortened, not thrown away.",
        ),
        Mistake(
            lambda gradients, clip: _shortened(
                gradients, clip, np.linalg.norm(gradients, axis=1, keepdims=True)
            ),
            "The rows are right. Add them up over the patients.",
        ),
        Mistake(
            lambda gradients, clip: _shortened(
                gradients, clip, np.linalg.norm(gradients, axis=0)
            ).sum(axis=0),
            "You measured columns. A patient is a row: axis=1.",
        ),
    ),
    hints=(
        "Compute the length of each row. Multiply a row that is too long by clip / length.",
        "np.minimum(1, clip / lengths) leaves short rows alone; keepdims=True keeps the shapes "
        "fitting.",
    ),
    cases=_clip_cases,
)


def advantage(inside, outside, threshold):
    return np.mean(inside < threshold) - np.mean(outside < threshold)


def _advantage_cases():
    rng = np.random.default_rng(184)
    return [
        (np.array([0.1, 0.2, 0.9, 0.5]), np.array([0.25, 0.8, 0.5]), 0.5),
        (rng.exponential(0.3, 40), rng.exponential(0.5, 60), 0.35),
    ]


ADVANTAGE = Exercise(
    task="what an attacker gains with a threshold",
    reference=advantage,
    mistakes=(
        Mistake(
            lambda inside, outside, t: np.mean(inside < t),
            "An attacker who always says yes would score 1. Take away the share of outsiders "
            "whom the rule accuses too.",
        ),
        Mistake(
            lambda inside, outside, t: np.mean(inside > t) - np.mean(outside > t),
            "Members have small losses: below the threshold means yes.",
        ),
        Mistake(
            lambda inside, outside, t: (np.mean(inside < t) + np.mean(outside >= t)) / 2,
            "That is the share of right answers in a balanced group. The advantage is 0 for "
            "guessing.",
        ),
        Mistake(
            lambda inside, outside, t: np.sum(inside < t) - np.sum(outside < t),
            "Shares, not counts: the two groups differ in size.",
        ),
        Mistake(
            lambda inside, outside, t: (
                (np.sum(inside < t) - np.sum(outside < t)) / (len(inside) + len(outside))
            ),
            "Each count is divided by its own group.",
        ),
        Mistake(
            lambda inside, outside, t: np.mean(inside < t) / max(1e-9, np.mean(outside < t)),
            "A difference of two shares, not their ratio.",
        ),
        Mistake(
            lambda inside, outside, threshold: np.mean(outside) - np.mean(inside),
            "You compared mean losses. The attacker says yes or no.",
        ),
        Mistake(
            lambda inside, outside, t: np.mean(inside < t) + np.mean(outside < t),
            "Accusing outsiders is an error: take that share away.",
        ),
    ),
    hints=(
        "Which share of the members is called a member? Which share of the outsiders?",
        "np.mean(inside < threshold) is a share.",
    ),
    cases=_advantage_cases,
)
