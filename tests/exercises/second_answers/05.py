import numpy as np


def step_in_one_product(x, h, W, U, b):
    both = np.concatenate([x, h, np.ones((len(x), 1))], axis=1)
    return np.tanh(both @ np.vstack([W, U, b]))


def gradient_by_einsum(da, h):
    return np.einsum("bti,btj->ij", h[:, :-1], da[:, 1:])


def jacobian_by_scaling(h, U):
    return (U * (1 - h**2)).T


def with_radius_by_loop(U, radius):
    largest = max(abs(value) for value in np.linalg.eig(U)[0])
    return np.array([[radius * u / largest for u in row] for row in U])


def clip_by_one_vector(gradients, most):
    norm = np.linalg.norm(np.concatenate([np.ravel(g) for g in gradients]))
    return [g / norm * most if norm > most else g for g in gradients]


SECOND = {
    "RNN_STEP": step_in_one_product,
    "RECURRENT_GRADIENT": gradient_by_einsum,
    "JACOBIAN": jacobian_by_scaling,
    "WITH_RADIUS": with_radius_by_loop,
    "CLIP": clip_by_one_vector,
}
