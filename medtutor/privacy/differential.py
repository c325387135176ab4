"""Training whose result hardly depends on any one patient: DP-SGD, and the epsilon it has spent.

Each step draws patients by chance, computes a gradient for each of them alone, shortens it to a
length of at most ``clip`` and adds noise to the sum. What one patient can change is then bounded,
and the bound is stated as epsilon.

The unit is the patient and not the image: a patient with several nodules counts once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from medtutor.errors import DataError
from medtutor.privacy.local import Weights, first_weights, network

IMAGES = 3  # of a patient in one step; of more, three are drawn


def epsilon(q: float, sigma: float, steps: int, delta: float) -> float:
    """State how much DP-SGD can reveal about one patient.

    Parameters
    ----------
    q : float
        Chance of a patient to be drawn in a step.
    sigma : float
        Standard deviation of the noise, in units of the clipping length.
    steps : int
        Number of steps.
    delta : float
        Probability with which the bound may fail; well below one over the number of patients.

    Returns
    -------
    float
        Adding or removing one patient changes the probability of any outcome by at most a factor
        ``exp(epsilon)``, up to `delta`. Infinite without noise.

    References
    ----------
    Abadi et al., CCS 2016; the numerical accounting of privacy loss distributions by Google's
    dp-accounting (Poisson sampling, add-or-remove-one neighbours).
    """
    from dp_accounting import dp_event, pld  # type: ignore[import-untyped]

    if not (0 < q <= 1 and sigma >= 0 and steps >= 1 and 0 < delta < 1):
        raise DataError(
            f"q = {q:g}, sigma = {sigma:g}, steps = {steps}, delta = {delta:g}",
            remedy="q and delta lie between 0 and 1, sigma is not negative, steps at least 1.",
        )
    if sigma == 0:
        return float("inf")
    step = dp_event.PoissonSampledDpEvent(q, dp_event.GaussianDpEvent(sigma))
    accountant = pld.PLDAccountant(value_discretization_interval=1e-3)
    return float(accountant.compose(step, steps).get_epsilon(delta))


def sample_patients(patients: Sequence[str], q: float, rng: np.random.Generator) -> list[str]:
    """Draw each patient with chance `q`, independently (Poisson sampling).

    Parameters
    ----------
    patients : sequence of str
        All patients, each once.
    q : float
        Chance to be drawn.
    rng : Generator
        Source of chance.

    Returns
    -------
    list of str
        Nobody, somebody or many: the number is random too, and epsilon relies on it.
    """
    return [p for p, u in zip(patients, rng.random(len(patients)), strict=True) if u < q]


class PatientGradients:
    """The clipped gradient of each patient alone, summed: what DP-SGD adds its noise to.

    Parameters
    ----------
    x : ndarray of float32, shape (n, 20, 20, 1)
        Images of all patients.
    labels : ndarray of int, shape (n,)
        0 or 1.
    patients : ndarray of str, shape (n,)
        Patient of each image.
    clip : float
        Largest length of one patient's gradient.
    room : int
        Most patients in one step; a fixed number, so that TensorFlow compiles once.
    """

    def __init__(
        self,
        x: np.ndarray,
        labels: np.ndarray,
        patients: np.ndarray,
        clip: float = 1.0,
        room: int = 128,
    ) -> None:
        import tensorflow as tf

        self.x, self.labels, self.clip, self.room = x, labels, clip, room
        self.rows = {str(p): np.flatnonzero(patients == p) for p in np.unique(patients)}
        self.model: Any = network().to_keras()
        model = self.model

        def one_patient(case: tuple) -> list:
            images, targets, weights = case
            with tf.GradientTape() as tape:
                probability = tf.gather(model(images), targets, axis=1, batch_dims=1)
                loss = -tf.reduce_sum(weights * tf.math.log(probability + 1e-7))
            return tape.gradient(loss, model.trainable_variables)

        @tf.function
        def clipped_sum(images: Any, targets: Any, weights: Any, present: Any) -> tuple:
            gradients = tf.vectorized_map(one_patient, (images, targets, weights))
            squares = [tf.reduce_sum(g**2, axis=range(1, len(g.shape))) for g in gradients]
            lengths = tf.sqrt(tf.add_n(squares))
            factors = present * tf.minimum(1.0, clip / tf.maximum(lengths, 1e-12))
            return [tf.tensordot(factors, g, 1) for g in gradients], lengths

        self._clipped_sum = clipped_sum

    def __call__(
        self, weights: Sequence[np.ndarray], drawn: Sequence[str], rng: np.random.Generator
    ) -> tuple[Weights, np.ndarray]:
        """Sum the clipped gradients of the patients drawn.

        Parameters
        ----------
        weights : sequence of ndarray
            The model.
        drawn : sequence of str
            Patients.
        rng : Generator
            Chooses among the images of a patient who has many.

        Returns
        -------
        total : list of ndarray
            The sum, shaped as `weights`.
        lengths : ndarray, shape (patients,)
            Length of each patient's gradient before it was clipped.

        Raises
        ------
        DataError
            If more patients are drawn than there is room for. To leave some out would break the
            promise of `epsilon`.
        """
        if len(drawn) > self.room:
            raise DataError(
                f"{len(drawn)} patients drawn, room for {self.room}",
                remedy="Give room for twice as many as are drawn on average.",
            )
        images = np.zeros((self.room, IMAGES, *self.x.shape[1:]), np.float32)
        targets = np.zeros((self.room, IMAGES), np.int64)
        shares = np.zeros((self.room, IMAGES), np.float32)
        for k, patient in enumerate(drawn):
            rows = self.rows[patient]
            if len(rows) > IMAGES:
                rows = rng.choice(rows, IMAGES, replace=False)
            images[k, : len(rows)], targets[k, : len(rows)] = self.x[rows], self.labels[rows]
            shares[k, : len(rows)] = 1 / len(rows)
        present = (np.arange(self.room) < len(drawn)).astype(np.float32)
        self.model.set_weights(list(weights))
        total, lengths = self._clipped_sum(images, targets, shares, present)
        return [g.numpy() for g in total], lengths.numpy()[: len(drawn)]


def train_privately(
    gradients: PatientGradients,
    q: float,
    sigma: float,
    steps: int,
    rate: float = 0.01,
    seed: int = 0,
) -> Weights:
    """Train by DP-SGD (Abadi et al. 2016, algorithm 1), with Adam's steps on the noisy gradient.

    What comes after the noise, Adam here, costs no privacy.

    Parameters
    ----------
    gradients : PatientGradients
        Of all hospitals together, or of one.
    q, sigma, steps
        As for `epsilon`. ``sigma = 0`` clips but adds no noise: nothing is promised then.
    rate : float
        Learning rate.
    seed : int
        Of draws and noise. A seed that others know gives the noise away: for lessons only.

    Returns
    -------
    list of ndarray
        The final model.
    """
    from medtutor.layers import Adam

    rng = np.random.default_rng([seed, 18])
    people, weights, optimiser = list(gradients.rows), first_weights(seed), Adam(rate)
    for _ in range(steps):
        total, _ = gradients(weights, sample_patients(people, q, rng), rng)
        scale = sigma * gradients.clip
        noisy = [(g + rng.normal(0, scale, g.shape)) / (q * len(people)) for g in total]
        optimiser.step(weights, [g.astype(np.float32) for g in noisy])
    return weights
