"""Exercises: recurrent networks."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def rnn_step(x, h, W, U, b):
    return np.tanh(x @ W + h @ U + b)


def _step_cases():
    rng = np.random.default_rng(51)

    def case(batch, features, units):
        sizes = [(batch, features), (batch, units), (features, units), (units, units), (units,)]
        return tuple(rng.normal(0, 0.8, size) for size in sizes)

    return [case(1, 1, 1), case(4, 3, 2), case(2, 2, 5)]


RNN_STEP = Exercise(
    task="one step of a recurrent layer for a batch",
    reference=rnn_step,
    mistakes=(
        Mistake(
            lambda x, h, W, U, b: np.tanh(x @ W + b),
            "Without the state before, this is a dense layer. Where is h @ U?",
        ),
        Mistake(
            lambda x, h, W, U, b: np.tanh(x @ W + h + b),
            "The old state goes through a matrix of its own, U.",
        ),
        Mistake(
            lambda x, h, W, U, b: np.tanh(x @ W + b) + h @ U,
            "The tanh goes over the whole sum, the recurrent term included. Only then the state "
            "stays between -1 and 1.",
        ),
        Mistake(lambda x, h, W, U, b: x @ W + h @ U + b, "The sum is right. What bends it?"),
        Mistake(lambda x, h, W, U, b: np.tanh(x @ W + h @ U), "The bias b is missing."),
        Mistake(
            lambda x, h, W, U, b: np.tanh(x @ W + h @ U) + b,
            "The bias is part of the argument of the tanh.",
        ),
        Mistake(
            lambda x, h, W, U, b: np.tanh(x @ W + h @ U.T + b),
            "U stands as it is on the way forward. Its transpose comes on the way back.",
        ),
        Mistake(
            lambda x, h, W, U, b: np.tanh(W.T @ x + U.T @ h + b),
            "Here each row is a sequence of the batch: the samples stand left of the matrix, x @ "
            "W.",
        ),
        Mistake(
            lambda x, h, W, U, b: 1 / (1 + np.exp(-(x @ W + h @ U + b))),
            "That is a sigmoid. The formula has a tanh.",
        ),
        Mistake(
            lambda x, h, W, U, b: np.maximum(0, x @ W + h @ U + b),
            "That is a relu. The formula has a tanh, which has a bound.",
        ),
        Mistake(
            lambda x, h, W, U, b: np.tanh(x @ W + h * np.diag(U) + b),
            "Each unit reads the old state of all units, so h @ U is a matrix product and not *.",
        ),
        Mistake(
            lambda x, h, W, U, b: rnn_step(x, h, W, U, b).sum(axis=0),
            "Every sequence of the batch has a state of its own: nothing is summed on the way "
            "forward.",
        ),
        Mistake(
            lambda x, h, W, U, b: np.tanh(x @ W + np.tanh(h) @ U + b),
            "The old state has been through its tanh already.",
        ),
    ),
    hints=(
        "Two matrix products and a bias are added; then one function bends the sum.",
        "x @ W has shape (batch, units), and so has h @ U.",
        "np.tanh(x @ W + h @ U + b).",
    ),
    cases=_step_cases,
)


def recurrent_gradient(da, h):
    dU = np.zeros((h.shape[2], h.shape[2]))
    for t in range(1, h.shape[1]):
        dU += h[:, t - 1].T @ da[:, t]
    return dU


def _sum_cases():
    rng = np.random.default_rng(52)
    return [
        (np.array([[[2.0], [3.0], [5.0]]]), np.array([[[0.1], [0.2], [0.4]]])),
        (rng.normal(size=(4, 6, 3)), rng.uniform(-0.9, 0.9, (4, 6, 3))),
    ]


RECURRENT_GRADIENT = Exercise(
    task="the gradient of U from all steps at once",
    reference=recurrent_gradient,
    mistakes=(
        Mistake(
            lambda da, h: np.einsum("bti,btj->ij", h, da),
            "U meets the state of the step before: pair h at t - 1 with da at t.",
        ),
        Mistake(
            lambda da, h: np.einsum("bti,btj->ij", h[:, 1:], da[:, :-1]),
            "You shifted the other way: da at t belongs to h at t - 1.",
        ),
        Mistake(
            lambda da, h: h[:, -2].T @ da[:, -1],
            "U acted at every step, so every step has its share of the gradient.",
        ),
        Mistake(
            lambda da, h: recurrent_gradient(da, h) / h.shape[1],
            "Sum over time, do not average: U was used at each step.",
        ),
        Mistake(
            lambda da, h: recurrent_gradient(da, h) / (h.shape[1] - 1),
            "Sum over the steps; there is no mean in the chain rule.",
        ),
        Mistake(
            lambda da, h: recurrent_gradient(da, h) / len(h),
            "Sum over the batch. If the loss is a mean, da has the division in it already.",
        ),
        Mistake(
            lambda da, h: np.einsum("bti,btj->bij", h[:, :-1], da[:, 1:]),
            "All sequences share one U: sum over the batch.",
        ),
        Mistake(
            lambda da, h: np.einsum("bti,btj->tij", h[:, :-1], da[:, 1:]),
            "All steps share one U: sum over time.",
        ),
        Mistake(
            lambda da, h: h[0, :-1].T @ da[0, 1:], "Where are the other sequences of the batch?"
        ),
        Mistake(
            lambda da, h: recurrent_gradient(da, h).T,
            "Right numbers, rows and columns exchanged: dU[i, j] is for the way from unit i to "
            "unit j.",
        ),
        Mistake(
            lambda da, h: np.outer(h[:, :-1].sum(axis=(0, 1)), da[:, 1:].sum(axis=(0, 1))),
            "A sum of products is not the product of the sums: multiply first.",
        ),
        Mistake(
            lambda da, h: h[:, :-1].sum(axis=0).T @ da[:, 1:].sum(axis=0),
            "You summed over the batch before you multiplied. Multiply within each sequence first.",
        ),
    ),
    hints=(
        "One step gives h_{t-1}.T @ da_t, as in a dense layer. What about all of them?",
        "The first step has nothing before it: h_0 is zero. Pair h[:, :-1] with da[:, 1:].",
        "Sum h[:, t - 1].T @ da[:, t] over t from 1 on; the product sums over the batch.",
    ),
    cases=_sum_cases,
)


def jacobian(h, U):
    return np.diag(1 - h**2) @ U.T


def _jacobian_cases():
    rng = np.random.default_rng(53)
    return [
        (np.array([0.0, 0.6]), np.array([[1.0, 2.0], [3.0, 4.0]])),
        (rng.uniform(-0.9, 0.9, 4), rng.normal(0, 0.7, (4, 4))),
    ]


JACOBIAN = Exercise(
    task="the matrix by which one step back multiplies",
    reference=jacobian,
    mistakes=(
        Mistake(lambda h, U: U.T, "That is the linear case. The slope of the tanh is missing."),
        Mistake(
            lambda h, U: U.T @ np.diag(1 - h**2),
            "Going back, the tanh comes first and U after it: which factor stands next to dh?",
        ),
        Mistake(
            lambda h, U: U @ np.diag(1 - h**2),
            "That carries a small move of the state forward. The gradient runs the other way: "
            "the transpose of yours.",
        ),
        Mistake(lambda h, U: np.diag(1 - h**2) @ U, "On the way back, U is transposed."),
        Mistake(
            lambda h, U: np.diag(1 - h) @ U.T, "The slope of the tanh is 1 minus its value squared."
        ),
        Mistake(
            lambda h, U: np.diag(1 - np.tanh(h) ** 2) @ U.T,
            "h has been through its tanh: the slope is 1 - h**2.",
        ),
        Mistake(
            lambda h, U: np.diag(h) @ U.T, "The factor is the slope of the tanh, not its value."
        ),
        Mistake(lambda h, U: np.diag(1 - h**2), "After the tanh, the gradient meets U as well."),
        Mistake(
            lambda h, U: (1 - h**2) @ U.T,
            "A matrix is asked for: np.diag puts the slopes on a diagonal.",
        ),
    ),
    hints=(
        "Read the two formulas one after the other: da = dh * (1 - h**2), dh_old = da @ U.T.",
        "Multiplying by a vector, element by element, is a product with a diagonal matrix.",
    ),
    cases=_jacobian_cases,
)


def with_radius(U, radius):
    return U * (radius / np.abs(np.linalg.eigvals(U)).max())


def _radius_cases():
    rng = np.random.default_rng(54)
    return [
        (np.array([[2.0, 0.0], [0.0, 0.5]]), 1.0),
        (np.array([[0.3, -0.4], [0.4, 0.3]]), 0.9),  # a turn: its eigenvalues are complex
        (np.array([[-2.0, 5.0], [0.0, 1.0]]), 1.2),  # the largest is negative
        (rng.normal(size=(5, 5)), 0.8),
    ]


WITH_RADIUS = Exercise(
    task="a matrix scaled to a spectral radius",
    reference=with_radius,
    mistakes=(
        Mistake(
            lambda U, radius: radius * U,
            "That is right only where U has radius 1. Divide by its own.",
        ),
        Mistake(
            lambda U, radius: U * (radius / np.linalg.norm(U, 2)),
            "That is the largest singular value: the most that one step can stretch. Over many "
            "steps the eigenvalues decide.",
        ),
        Mistake(
            lambda U, radius: U * (radius / np.linalg.norm(U)),
            "You divided by the root of all squares. Ask for the eigenvalues.",
        ),
        Mistake(
            lambda U, radius: U * (radius / np.abs(U).max()),
            "The largest entry is not the largest eigenvalue.",
        ),
        Mistake(
            lambda U, radius: U * (radius / np.linalg.eigvals(U).max()),
            "Eigenvalues may be negative or complex: the size of each counts, np.abs.",
        ),
        Mistake(
            lambda U, radius: U * (radius / np.abs(np.linalg.eigvals(U)).mean()),
            "The largest eigenvalue wins in the long run, not their mean.",
        ),
        Mistake(
            lambda U, radius: U * (radius / np.abs(np.linalg.det(U))),
            "The determinant is the product of all eigenvalues; the largest alone is meant.",
        ),
        Mistake(
            lambda U, radius: U * (radius / np.trace(U)),
            "The trace is the sum of all eigenvalues; the largest alone is meant.",
        ),
        Mistake(
            lambda U, radius: U * (np.abs(np.linalg.eigvals(U)).max() / radius),
            "Turn the fraction round: U over its own radius, times the new one.",
        ),
        Mistake(
            lambda U, radius: U / np.abs(np.linalg.eigvals(U)).max(),
            "Now the radius is 1. Which one was asked for?",
        ),
        Mistake(
            lambda U, radius: U + (radius - np.abs(np.linalg.eigvals(U)).max()) * np.eye(len(U)),
            "Adding to the diagonal moves all eigenvalues alike, and the negative ones the wrong "
            "way. Scale.",
        ),
    ),
    hints=(
        "The spectral radius is the size of the largest eigenvalue: np.linalg.eigvals.",
        "Twice the matrix has twice the eigenvalues. By what must U be multiplied?",
    ),
    cases=_radius_cases,
)


def clip(gradients, most):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * min(1, most / norm) for g in gradients]


def _norm(gradients):
    return np.sqrt(sum(np.sum(g**2) for g in gradients))


def _to_length_one(gradients, most):
    norm = _norm(gradients)
    return [g / norm if norm > most else g for g in gradients]


def _clip_cases():
    rng = np.random.default_rng(55)
    return [
        ([np.array([3.0, 0.0]), np.array([[4.0]])], 2.5),
        ([np.array([0.3, -0.2]), np.array([[0.1]])], 1.0),
        ([rng.normal(0, 9, (2, 3)), rng.normal(0, 1, (3, 3)), rng.normal(0, 1, 3)], 2.0),
    ]


CLIP = Exercise(
    task="gradients clipped by their common norm",
    reference=clip,
    mistakes=(
        Mistake(
            lambda gradients, most: [np.clip(g, -most, most) for g in gradients],
            "You clipped each value, and so changed the direction. Scale all by one factor.",
        ),
        Mistake(
            lambda gradients, most: [g * min(1, most / np.linalg.norm(g)) for g in gradients],
            "Each array has got its own factor, and the direction has changed. Take one norm of "
            "all of them.",
        ),
        Mistake(
            lambda gradients, most: [g * (most / _norm(gradients)) for g in gradients],
            "A gradient that is short enough stays as it is.",
        ),
        Mistake(
            lambda gradients, most: [g * min(1, most / _norm(gradients) ** 2) for g in gradients],
            "The norm is the root of the sum of squares.",
        ),
        Mistake(
            lambda gradients, most: [
                g * min(1, most / sum(np.linalg.norm(g) for g in gradients)) for g in gradients
            ],
            "Norms do not add up: add the squares, then take the root.",
        ),
        Mistake(
            lambda gradients, most: [
                g * min(1, most / max(np.linalg.norm(g) for g in gradients)) for g in gradients
            ],
            "You took the largest of the norms; take the norm of all arrays together.",
        ),
        Mistake(
            lambda gradients, most: [
                g * min(1, most / max(np.abs(g).max() for g in gradients)) for g in gradients
            ],
            "That limits the largest value. The norm counts all.",
        ),
        Mistake(
            lambda gradients, most: [g * (_norm(gradients) <= most) for g in gradients],
            "A long gradient is shortened, not thrown away: its direction is good.",
        ),
        Mistake(_to_length_one, "Shorten it to the length `most`, not to 1."),
        Mistake(
            lambda gradients, most: [g * max(1, most / _norm(gradients)) for g in gradients],
            "You lengthen short gradients, and leave long ones long.",
        ),
        Mistake(
            lambda gradients, most: gradients,
            "Nothing has changed: what if the norm is above `most`?",
        ),
    ),
    hints=(
        "Think of all arrays as one long vector. How long is it?",
        "The factor is most / norm where that is below 1, else 1, the same for all arrays.",
    ),
    cases=_clip_cases,
)
