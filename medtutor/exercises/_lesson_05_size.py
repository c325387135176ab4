"""Exercises of lesson 05 about the size of a gradient: the spectral radius, and clipping."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


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


SIZE = (
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
