"""Exercises of lesson 18, Federated learning."""

import numpy as np

from medtutor.exercises._lesson_18_privacy import PRIVACY
from medtutor.exercises.engine import Exercise, Mistake


def average(models, counts):
    n = sum(counts)
    return [
        sum(count / n * w for count, w in zip(counts, ws, strict=True))
        for ws in zip(*models, strict=True)
    ]


def average_by_loop(models, counts):
    shares = np.array(counts) / np.sum(counts)
    result = []
    for k in range(len(models[0])):
        result.append(np.tensordot(shares, np.stack([model[k] for model in models]), 1))
    return result


def _each_hospital_the_same(models, counts):
    return [np.mean(ws, axis=0) for ws in zip(*models, strict=True)]


def _not_divided(models, counts):
    return [
        sum(count * w for count, w in zip(counts, ws, strict=True))
        for ws in zip(*models, strict=True)
    ]


def _summed(models, counts):
    return [sum(ws) for ws in zip(*models, strict=True)]


def _divided_twice(models, counts):
    return [w / len(models) for w in average(models, counts)]


def _small_ones_first(models, counts):
    return average(models, [1 / count for count in counts])


def _largest_wins(models, counts):
    return list(models[int(np.argmax(counts))])


def _one_number_each(models, counts):
    return [np.average([w.mean() for w in ws], weights=counts) for ws in zip(*models, strict=True)]


def _over_layers(models, counts):
    return [sum(w.sum() for w in model) / len(model) for model in models]


def _average_cases():
    rng = np.random.default_rng(181)

    def model():
        return [rng.normal(size=(3, 2)), rng.normal(size=2)]

    return [
        ([[np.array([0.0]), np.array([[1.0]])], [np.array([4.0]), np.array([[5.0]])]], [3, 1]),
        ([model(), model(), model()], [10, 200, 45]),
    ]


def masked(update, k, seeds):
    result = update.copy()
    for j, seed in enumerate(seeds):
        mask = np.random.default_rng(seed).integers(0, 2**32, update.shape, np.uint32)
        if j > k:
            result += mask
        elif j < k:
            result -= mask
    return result


def masked_by_whole_numbers(update, k, seeds):
    total = update.astype(object)
    for j in range(len(seeds)):
        if j != k:
            sign = 1 if j > k else -1
            rng = np.random.default_rng(seeds[j])
            total = total + sign * rng.integers(0, 2**32, len(update), dtype=np.uint32).astype(
                object
            )
    return np.array([int(value) % 2**32 for value in total], dtype=np.uint32)


def _mask(seed, update):
    return np.random.default_rng(seed).integers(0, 2**32, update.shape, np.uint32)


def _all_added(update, k, seeds):
    return update + sum(_mask(s, update) for j, s in enumerate(seeds) if j != k)


def _signs_turned(update, k, seeds):
    return update - (masked(update, k, seeds) - update)


def _own_seed_too(update, k, seeds):
    return masked(update, k, seeds) + _mask(seeds[k], update)


def _only_added(update, k, seeds):
    return update + sum((_mask(s, update) for s in seeds[k + 1 :]), np.zeros_like(update))


def _only_taken_away(update, k, seeds):
    return update - sum((_mask(s, update) for s in seeds[:k]), np.zeros_like(update))


def _next_only(update, k, seeds):
    return update + _mask(seeds[(k + 1) % len(seeds)], update)


def _masks_alone(update, k, seeds):
    return masked(update, k, seeds) - update


def _not_masked(update, k, seeds):
    return update


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


AVERAGE = Exercise(
    key="18.1",
    task="the average of the hospitals' models",
    reference=average,
    second=average_by_loop,
    mistakes=(
        Mistake(_each_hospital_the_same, "A hospital with ten patients now counts as much as one "
                "with a thousand. Weight each model by its count."),
        Mistake(_not_divided, "An average of equal models must be that model. Divide by the sum "
                "of the counts."),
        Mistake(_summed, "The weights become too large. What are the counts for?"),
        Mistake(_divided_twice, "The shares already sum to one; nothing is left to divide by."),
        Mistake(_small_ones_first, "Your small hospitals count most. Shares grow with counts."),
        Mistake(_largest_wins, "You took one hospital's model. All of them have a say."),
        Mistake(_one_number_each, "Each weight is averaged with the same weight of the other "
                "hospitals; the arrays keep their shapes."),
        Mistake(_over_layers, "Average over hospitals, layer by layer; you ran over the layers "
                "of each hospital."),
    ),
    hints=(
        "Turn the counts into shares that sum to one. Then each array of the result is a sum of "
        "share times array.",
        "zip(*models) gives the first arrays of all hospitals, then the second ones, and so on.",
        "[sum(count / n * w for count, w in zip(counts, ws)) for ws in zip(*models)]",
    ),
    cases=_average_cases,
)  # fmt: skip

MASKED = Exercise(
    key="18.2",
    task="an update under masks that cancel in the sum",
    reference=masked,
    second=masked_by_whole_numbers,
    mistakes=(
        Mistake(_all_added, "If everybody adds, nothing cancels. Of each pair one adds and the "
                "other takes away."),
        Mistake(_signs_turned, "That cancels as well, if all do so. Here the one with the smaller "
                "number adds: plus for j > k."),
        Mistake(_own_seed_too, "There is no pair of a hospital with itself: leave seeds[k] out."),
        Mistake(_only_added, "You add for the later ones. The earlier ones added theirs: take "
                "those away."),
        Mistake(_only_taken_away, "You take away for the earlier ones. For the later ones, add."),
        Mistake(_next_only, "One mask only, and one partner knows it. Take one for each partner."),
        Mistake(_masks_alone, "These are the masks. Where is the update?"),
        Mistake(_not_masked, "This is the update itself, for everybody to read."),
        Mistake(_no_wrap, "Stay in uint32, which wraps round at 2**32."),
    ),
    hints=(
        "Go through the other hospitals j. Draw the mask of the pair from seeds[j]; add it if "
        "j > k, take it away if j < k.",
        "uint32 arrays wrap round by themselves: result += mask and result -= mask are enough.",
        "mask = np.random.default_rng(seeds[j]).integers(0, 2**32, update.shape, np.uint32)",
    ),
    cases=_masked_cases,
)  # fmt: skip

EXERCISES = (AVERAGE, MASKED, *PRIVACY)
