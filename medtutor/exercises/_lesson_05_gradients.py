"""Exercises of lesson 05 about the way back: sums over time, Jacobians, radius and clipping."""

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


def with_radius(U, radius):
    return U * (radius / np.abs(np.linalg.eigvals(U)).max())


def with_radius_by_loop(U, radius):
    largest = max(abs(value) for value in np.linalg.eig(U)[0])
    return np.array([[radius * u / largest for u in row] for row in U])


def _times_radius(U, radius):
    return radius * U


def _by_singular_value(U, radius):
    return U * (radius / np.linalg.norm(U, 2))


def _by_all_entries(U, radius):
    return U * (radius / np.linalg.norm(U))


def _by_largest_entry(U, radius):
    return U * (radius / np.abs(U).max())


def _by_real_part(U, radius):
    return U * (radius / np.linalg.eigvals(U).real.max())


def _by_mean_eigenvalue(U, radius):
    return U * (radius / np.abs(np.linalg.eigvals(U)).mean())


def _by_determinant(U, radius):
    return U * (radius / np.abs(np.linalg.det(U)))


def _by_trace(U, radius):
    return U * (radius / np.trace(U))


def _upside_down(U, radius):
    return U * (np.abs(np.linalg.eigvals(U)).max() / radius)


def _one_only(U, radius):
    return U / np.abs(np.linalg.eigvals(U)).max()


def _shifted(U, radius):
    return U + (radius - np.abs(np.linalg.eigvals(U)).max()) * np.eye(len(U))


def _radius_cases():
    rng = np.random.default_rng(54)
    return [
        (np.array([[2.0, 0.0], [0.0, 0.5]]), 1.0),
        (np.array([[0.3, -0.4], [0.4, 0.3]]), 0.9),  # a turn: its eigenvalues are complex
        (np.array([[-2.0, 5.0], [0.0, 1.0]]), 1.2),  # the largest is negative
        (rng.normal(size=(5, 5)), 0.8),
    ]


def clip(gradients, most):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * min(1, most / norm) for g in gradients]


def clip_by_one_vector(gradients, most):
    norm = np.linalg.norm(np.concatenate([np.ravel(g) for g in gradients]))
    return [g / norm * most if norm > most else g for g in gradients]


def _each_value(gradients, most):
    return [np.clip(g, -most, most) for g in gradients]


def _each_array(gradients, most):
    return [g * min(1, most / np.linalg.norm(g)) for g in gradients]


def _always(gradients, most):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * (most / norm) for g in gradients]


def _no_root(gradients, most):
    return [g * min(1, most / sum(np.sum(g**2) for g in gradients)) for g in gradients]


def _norms_added(gradients, most):
    return [g * min(1, most / sum(np.linalg.norm(g) for g in gradients)) for g in gradients]


def _by_largest_norm(gradients, most):
    return [g * min(1, most / max(np.linalg.norm(g) for g in gradients)) for g in gradients]


def _by_largest_value(gradients, most):
    return [g * min(1, most / max(np.abs(g).max() for g in gradients)) for g in gradients]


def _thrown_away(gradients, most):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * (norm <= most) for g in gradients]


def _to_length_one(gradients, most):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g / norm if norm > most else g for g in gradients]


def _the_wrong_way(gradients, most):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * max(1, most / norm) for g in gradients]


def _left_alone(gradients, most):
    return gradients


def _clip_cases():
    rng = np.random.default_rng(55)
    return [
        ([np.array([3.0, 0.0]), np.array([[4.0]])], 2.5),
        ([np.array([0.3, -0.2]), np.array([[0.1]])], 1.0),
        ([rng.normal(0, 9, (2, 3)), rng.normal(0, 1, (3, 3)), rng.normal(0, 1, 3)], 2.0),
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
    Exercise(
        key="05.4",
        task="a matrix scaled to a spectral radius",
        reference=with_radius,
        second=with_radius_by_loop,
        mistakes=(
            Mistake(_times_radius, "That is right only where U has radius 1. Divide by its own."),
            Mistake(_by_singular_value, "That is the largest singular value: the most that one "
                    "step can stretch. Over many steps the eigenvalues decide."),
            Mistake(_by_all_entries, "You divided by the root of all squares. Ask for the "
                    "eigenvalues."),
            Mistake(_by_largest_entry, "The largest entry is not the largest eigenvalue."),
            Mistake(_by_real_part, "Eigenvalues may be negative or complex: the size of each "
                    "counts, np.abs."),
            Mistake(_by_mean_eigenvalue, "The largest eigenvalue wins in the long run, not their "
                    "mean."),
            Mistake(_by_determinant, "The determinant is the product of all eigenvalues; the "
                    "largest alone is meant."),
            Mistake(_by_trace, "The trace is the sum of all eigenvalues; the largest alone is "
                    "meant."),
            Mistake(_upside_down, "Turn the fraction round: U over its own radius, times the new "
                    "one."),
            Mistake(_one_only, "Now the radius is 1. Which one was asked for?"),
            Mistake(_shifted, "Adding to the diagonal moves all eigenvalues alike, and the "
                    "negative ones the wrong way. Scale."),
        ),
        hints=(
            "The spectral radius is the size of the largest eigenvalue: np.linalg.eigvals.",
            "Twice the matrix has twice the eigenvalues. By what must U be multiplied?",
        ),
        cases=_radius_cases,
    ),
    Exercise(
        key="05.5",
        task="gradients clipped by their common norm",
        reference=clip,
        second=clip_by_one_vector,
        mistakes=(
            Mistake(_each_value, "You clipped each value, and so changed the direction. Scale "
                    "all by one factor."),
            Mistake(_each_array, "Each array has got its own factor, and the direction has "
                    "changed. Take one norm of all of them."),
            Mistake(_always, "A gradient that is short enough stays as it is."),
            Mistake(_no_root, "The norm is the root of the sum of squares."),
            Mistake(_norms_added, "Norms do not add up: add the squares, then take the root."),
            Mistake(_by_largest_norm, "You took the largest of the norms; take the norm of all "
                    "arrays together."),
            Mistake(_by_largest_value, "That limits the largest value. The norm counts all."),
            Mistake(_thrown_away, "A long gradient is shortened, not thrown away: its direction "
                    "is good."),
            Mistake(_to_length_one, "Shorten it to the length `most`, not to 1."),
            Mistake(_the_wrong_way, "You lengthen short gradients, and leave long ones long."),
            Mistake(_left_alone, "Nothing has changed: what if the norm is above `most`?"),
        ),
        hints=(
            "Think of all arrays as one long vector. How long is it?",
            "The factor is most / norm where that is below 1, else 1, the same for all arrays.",
        ),
        cases=_clip_cases,
    ),
)  # fmt: skip
