"""Exercises of lesson 10, maps that explain a prediction."""

import numpy as np

from medtutor.exercises._lesson_10_maps import MAPS
from medtutor.exercises.engine import Exercise, Mistake


def integrated(gradient, x, baseline, steps):
    total = np.zeros_like(x)
    for k in range(steps):
        total += gradient(baseline + (k + 0.5) / steps * (x - baseline))
    return (x - baseline) * total / steps


def integrated_at_once(gradient, x, baseline, steps):
    shares = (np.arange(steps) + 0.5) / steps
    slopes = [gradient((1 - a) * baseline + a * x) for a in shares]
    return np.mean(slopes, axis=0) * (x - baseline)


def _slopes(gradient, start, end, shares):
    return np.array([gradient(start + a * (end - start)) for a in shares])


def _middles(steps):
    return (np.arange(steps) + 0.5) / steps


def _without_difference(gradient, x, baseline, steps):
    return _slopes(gradient, baseline, x, _middles(steps)).mean(axis=0)


def _summed(gradient, x, baseline, steps):
    return (x - baseline) * _slopes(gradient, baseline, x, _middles(steps)).sum(axis=0)


def _only_at_the_end(gradient, x, baseline, steps):
    return (x - baseline) * gradient(x)


def _from_zero(gradient, x, baseline, steps):
    return x * _slopes(gradient, 0 * x, x, _middles(steps)).mean(axis=0)


def _path_from_zero(gradient, x, baseline, steps):
    return (x - baseline) * _slopes(gradient, 0 * x, x, _middles(steps)).mean(axis=0)


def _added_to_baseline(gradient, x, baseline, steps):
    slopes = [gradient(baseline + a * x) for a in _middles(steps)]
    return (x - baseline) * np.mean(slopes, axis=0)


def _times_x(gradient, x, baseline, steps):
    return x * _slopes(gradient, baseline, x, _middles(steps)).mean(axis=0)


def _left_ends(gradient, x, baseline, steps):
    return (x - baseline) * _slopes(gradient, baseline, x, np.arange(steps) / steps).mean(axis=0)


def _right_ends(gradient, x, baseline, steps):
    shares = (np.arange(steps) + 1) / steps
    return (x - baseline) * _slopes(gradient, baseline, x, shares).mean(axis=0)


def _other_way(gradient, x, baseline, steps):
    return -integrated(gradient, x, baseline, steps)


def _sizes(gradient, x, baseline, steps):
    return np.abs(integrated(gradient, x, baseline, steps))


def _one_number(gradient, x, baseline, steps):
    return integrated(gradient, x, baseline, steps).sum()


def _of_a_square(v):  # gradient of v0² + 3 v1
    return np.array([2 * v[0], 3.0])


def _of_a_product(v):  # gradient of v0 · v1 · v2
    return np.array([v[1] * v[2], v[0] * v[2], v[0] * v[1]])


def _of_a_step(v):  # gradient of the sum of tanh
    return 1 - np.tanh(v) ** 2


def _path_cases():
    return [
        (_of_a_square, np.array([3.0, 2.0]), np.array([1.0, 0.5]), 4),
        (_of_a_product, np.array([1.0, 2.0, -3.0]), np.array([0.5, 0.2, 0.1]), 5),
        (_of_a_step, np.array([4.0, -1.0, 0.5]), np.array([-1.0, 0.5, 0.2]), 8),
    ]


def cam(maps, gradients):
    weights = gradients.mean(axis=(0, 1))
    return np.maximum((maps * weights).sum(axis=-1), 0)


def cam_map_by_map(maps, gradients):
    total = np.zeros(maps.shape[:2])
    for k in range(maps.shape[2]):
        total = total + np.mean(gradients[:, :, k]) * maps[:, :, k]
    total[total < 0] = 0
    return total


def _relu_first(maps, gradients):
    return np.maximum(maps * gradients.mean(axis=(0, 1)), 0).sum(axis=-1)


def _no_relu(maps, gradients):
    return (maps * gradients.mean(axis=(0, 1))).sum(axis=-1)


def _mean_over_maps(maps, gradients):
    return np.maximum((maps * gradients.mean(axis=-1, keepdims=True)).sum(axis=-1), 0)


def _mean_over_all(maps, gradients):
    return np.maximum((maps * gradients.mean()).sum(axis=-1), 0)


def _maximum_for_mean(maps, gradients):
    return np.maximum((maps * gradients.max(axis=(0, 1))).sum(axis=-1), 0)


def _sum_for_mean(maps, gradients):
    return np.maximum((maps * gradients.sum(axis=(0, 1))).sum(axis=-1), 0)


def _positive_weights(maps, gradients):
    return np.maximum((maps * np.maximum(gradients.mean(axis=(0, 1)), 0)).sum(axis=-1), 0)


def _place_by_place(maps, gradients):
    return np.maximum((maps * gradients).sum(axis=-1), 0)


def _not_summed(maps, gradients):
    return np.maximum(maps * gradients.mean(axis=(0, 1)), 0)


def _mean_at_the_end(maps, gradients):
    return np.maximum((maps * gradients.mean(axis=(0, 1))).mean(axis=-1), 0)


def _mean_of_the_maps(maps, gradients):
    return np.maximum((gradients * maps.mean(axis=(0, 1))).sum(axis=-1), 0)


def _cam_cases():
    rng = np.random.default_rng(103)
    maps = np.zeros((2, 2, 2))
    maps[..., 0], maps[..., 1] = [[1, 0], [2, 3]], [[0, 4], [1, 1]]
    slopes = np.zeros((2, 2, 2))
    slopes[..., 0], slopes[..., 1] = [[2, 0], [2, 4]], [[-1, -3], [1, -1]]
    many = rng.normal(size=(4, 5, 6))  # before the ReLU a map can be negative
    return [(maps, slopes), (many, rng.normal(size=(4, 5, 6)))]


EXERCISES = (
    Exercise(
        key="10.1",
        task="at how many places the square stands",
        reference=((60 - 12) // 6 + 1) ** 2,
        second=len([(r, c) for r in range(0, 49, 6) for c in range(0, 49, 6)]),
        mistakes=(
            Mistake(9, "That is along one side. The image has two."),
            Mistake(64, "One too few along each side: count the place where it starts as well."),
            Mistake(100, "At some of these places the square would hang over the border."),
            Mistake(25, "That is without overlap. The stride is half of the patch here."),
            Mistake(49**2, "That is with a stride of 1."),
            Mistake(18, "The places along the two sides multiply: each row with each column."),
        ),
        hints=(
            "Along one side, the square starts at 0, 6, 12, …; where does it start last?",
            "(size - patch) / stride + 1 along each side, and that squared.",
        ),
        rtol=0,  # a count
    ),
    Exercise(
        key="10.2",
        task="integrated gradients of any function",
        reference=integrated,
        second=integrated_at_once,
        mistakes=(
            Mistake(
                _without_difference,
                "This is the mean gradient on the way. It still has to be multiplied by how far "
                "each input has moved.",
            ),
            Mistake(_summed, "Your result grows with the number of steps. The formula has a mean."),
            Mistake(
                _only_at_the_end,
                "That is the gradient at x alone, times the difference. Where else on the way is "
                "it needed?",
            ),
            Mistake(_from_zero, "The baseline is not used. It need not be 0."),
            Mistake(
                _path_from_zero,
                "The factor is right. The way, though, starts at 0 in place of the baseline.",
            ),
            Mistake(
                _added_to_baseline,
                "The way should end at x. Yours ends at the baseline plus x.",
            ),
            Mistake(_times_x, "The factor in front is not x. What has changed on the way?"),
            Mistake(
                _left_ends,
                "You take the gradient at the start of each piece. The middle is asked for.",
            ),
            Mistake(
                _right_ends,
                "You take the gradient at the end of each piece. The middle is asked for.",
            ),
            Mistake(_other_way, "The sign: the way goes from the baseline to x."),
            Mistake(_sizes, "The sign is lost, and with it what speaks against."),
            Mistake(_one_number, "One number for each input is asked for. You have added them up."),
        ),
        hints=(
            "Walk from the baseline to x, ask for the gradient at the middle of each piece, "
            "average, and multiply by x - baseline.",
            "The k-th point is baseline + (k + 0.5) / steps * (x - baseline), k from 0 to "
            "steps - 1.",
        ),
        cases=_path_cases,
    ),
    Exercise(
        key="10.3",
        task="Grad-CAM from maps and gradients",
        reference=cam,
        second=cam_map_by_map,
        mistakes=(
            Mistake(
                _relu_first,
                "You cut off the negative part of each map before adding. Then nothing can speak "
                "against. First the sum, then the ReLU.",
            ),
            Mistake(_no_relu, "Your map has negative places. What is done with them?"),
            Mistake(
                _mean_over_maps,
                "Your weights are means over the maps, one for each place. A map needs one weight, "
                "the mean over all its places.",
            ),
            Mistake(_mean_over_all, "All maps got the same weight. Each has its own."),
            Mistake(_maximum_for_mean, "The weight is the mean of a map's gradient, not its peak."),
            Mistake(_sum_for_mean, "Your map is too large by the number of places: mean, not sum."),
            Mistake(
                _positive_weights,
                "Maps with a negative weight are lost. They may speak against.",
            ),
            Mistake(
                _place_by_place,
                "You multiply place by place. Grad-CAM averages the gradient over the places "
                "first.",
            ),
            Mistake(_not_summed, "The weighted maps still have to be added up."),
            Mistake(_mean_at_the_end, "The weighted maps are added, not averaged."),
            Mistake(
                _mean_of_the_maps,
                "Maps and gradients have changed places: average the gradients, show the maps.",
            ),
        ),
        hints=(
            "One weight for each map, the weighted sum of the maps, then the ReLU.",
            "weights = gradients.mean(axis=(0, 1)) has shape (maps,) and multiplies the last axis "
            "by itself.",
        ),
        cases=_cam_cases,
    ),
    *MAPS,
)
