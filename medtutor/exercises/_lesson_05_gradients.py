"""Exercises of lesson 05 about the way back: sums over time, and Jacobians."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def recurrent_gradient(da, h):
    dU = np.zeros((h.shape[2], h.shape[2]))
    for t in range(1, h.shape[1]):
        dU += h[:, t - 1].T @ da[:, t]
    return dU


def gradient_by_einsum(da, h):
    return np.einsum("bti,btj->ij", h[:, :-1], da[:, 1:])


def _same_step(da, h):
    return np.einsum("bti,btj->ij", h, da)


def _next_step(da, h):
    return np.einsum("bti,btj->ij", h[:, 1:], da[:, :-1])


def _last_step_only(da, h):
    return h[:, -2].T @ da[:, -1]


def _mean_over_time(da, h):
    return recurrent_gradient(da, h) / h.shape[1]


def _mean_over_steps_with_a_state(da, h):
    return recurrent_gradient(da, h) / (h.shape[1] - 1)


def _mean_over_batch(da, h):
    return recurrent_gradient(da, h) / len(h)


def _one_for_each_sequence(da, h):
    return np.einsum("bti,btj->bij", h[:, :-1], da[:, 1:])


def _one_for_each_step(da, h):
    return np.einsum("bti,btj->tij", h[:, :-1], da[:, 1:])


def _first_sequence_only(da, h):
    return h[0, :-1].T @ da[0, 1:]


def _gradient_turned(da, h):
    return recurrent_gradient(da, h).T


def _summed_before_the_product(da, h):
    return np.outer(h[:, :-1].sum(axis=(0, 1)), da[:, 1:].sum(axis=(0, 1)))


def _summed_over_the_batch_first(da, h):
    return h[:, :-1].sum(axis=0).T @ da[:, 1:].sum(axis=0)


def _sum_cases():
    rng = np.random.default_rng(52)
    return [
        (np.array([[[2.0], [3.0], [5.0]]]), np.array([[[0.1], [0.2], [0.4]]])),
        (rng.normal(size=(4, 6, 3)), rng.uniform(-0.9, 0.9, (4, 6, 3))),
    ]


def jacobian(h, U):
    return np.diag(1 - h**2) @ U.T


def jacobian_by_scaling(h, U):
    return (U * (1 - h**2)).T


def _no_slope(h, U):
    return U.T


def _slope_after(h, U):
    return U.T @ np.diag(1 - h**2)


def _for_a_move_of_the_state(h, U):
    return U @ np.diag(1 - h**2)


def _not_turned(h, U):
    return np.diag(1 - h**2) @ U


def _not_squared(h, U):
    return np.diag(1 - h) @ U.T


def _tanh_again(h, U):
    return np.diag(1 - np.tanh(h) ** 2) @ U.T


def _states_not_slopes(h, U):
    return np.diag(h) @ U.T


def _slopes_alone(h, U):
    return np.diag(1 - h**2)


def _slopes_as_a_vector(h, U):
    return (1 - h**2) @ U.T


def _jacobian_cases():
    rng = np.random.default_rng(53)
    return [
        (np.array([0.0, 0.6]), np.array([[1.0, 2.0], [3.0, 4.0]])),
        (rng.uniform(-0.9, 0.9, 4), rng.normal(0, 0.7, (4, 4))),
    ]


GRADIENTS = (
    Exercise(
        key="05.2",
        task="the gradient of U from all steps at once",
        reference=recurrent_gradient,
        second=gradient_by_einsum,
        mistakes=(
            Mistake(_same_step, "U meets the state of the step before: pair h at t - 1 with da "
                    "at t."),
            Mistake(_next_step, "You shifted the other way: da at t belongs to h at t - 1."),
            Mistake(_last_step_only, "U acted at every step, so every step has its share of the "
                    "gradient."),
            Mistake(_mean_over_time, "Sum over time, do not average: U was used at each step."),
            Mistake(_mean_over_steps_with_a_state, "Sum over the steps; there is no mean in the "
                    "chain rule."),
            Mistake(_mean_over_batch, "Sum over the batch. If the loss is a mean, da has the "
                    "division in it already."),
            Mistake(_one_for_each_sequence, "All sequences share one U: sum over the batch."),
            Mistake(_one_for_each_step, "All steps share one U: sum over time."),
            Mistake(_first_sequence_only, "Where are the other sequences of the batch?"),
            Mistake(_gradient_turned, "Right numbers, rows and columns exchanged: dU[i, j] is "
                    "for the way from unit i to unit j."),
            Mistake(_summed_before_the_product, "A sum of products is not the product of the "
                    "sums: multiply first."),
            Mistake(_summed_over_the_batch_first, "You summed over the batch before you "
                    "multiplied. Multiply within each sequence first."),
        ),
        hints=(
            "One step gives h_{t-1}.T @ da_t, as in a dense layer. What about all of them?",
            "The first step has nothing before it: h_0 is zero. Pair h[:, :-1] with da[:, 1:].",
            "Sum h[:, t - 1].T @ da[:, t] over t from 1 on; the product sums over the batch.",
        ),
        cases=_sum_cases,
    ),
    Exercise(
        key="05.3",
        task="the matrix by which one step back multiplies",
        reference=jacobian,
        second=jacobian_by_scaling,
        mistakes=(
            Mistake(_no_slope, "That is the linear case. The slope of the tanh is missing."),
            Mistake(_slope_after, "Going back, the tanh comes first and U after it: which factor "
                    "stands next to dh?"),
            Mistake(_for_a_move_of_the_state, "That carries a small move of the state forward. "
                    "The gradient runs the other way: the transpose of yours."),
            Mistake(_not_turned, "On the way back, U is transposed."),
            Mistake(_not_squared, "The slope of the tanh is 1 minus its value squared."),
            Mistake(_tanh_again, "h has been through its tanh: the slope is 1 - h**2."),
            Mistake(_states_not_slopes, "The factor is the slope of the tanh, not its value."),
            Mistake(_slopes_alone, "After the tanh, the gradient meets U as well."),
            Mistake(_slopes_as_a_vector, "A matrix is asked for: np.diag puts the slopes on a "
                    "diagonal."),
        ),
        hints=(
            "Read the two formulas one after the other: da = dh * (1 - h**2), dh_old = da @ U.T.",
            "Multiplying by a vector, element by element, is a product with a diagonal matrix.",
        ),
        cases=_jacobian_cases,
    ),
)  # fmt: skip
