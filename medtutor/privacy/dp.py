"""How much a model may reveal about one patient: the epsilon of DP-SGD, and an attack to test it.

The step of DP-SGD itself stands in lesson 21. Its unit is the patient and not the image: a patient
with several nodules counts once.

Membership inference guesses from a model alone whether a patient helped to train it. A model has
smaller losses on samples that it was fitted to: an attacker who holds a patient's image and label
takes a small loss for a yes (Yeom et al., CSF 2018). It is the simplest of these attacks; stronger
ones train many models of their own to compare with (Carlini et al., IEEE S&P 2022). What it finds
is a lower bound on what leaks.
"""

from collections.abc import Sequence

import numpy as np
from dp_accounting import dp_event, pld  # type: ignore[import-untyped]

from medtutor import metrics
from medtutor.errors import DataError
from medtutor.types import Interval

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

    Examples
    --------
    >>> round(epsilon(q=0.05, sigma=1.1, steps=200, delta=1e-5), 1) < 10
    True
    >>> epsilon(q=0.05, sigma=0, steps=200, delta=1e-5)
    inf
    """
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
    """Draw each patient with chance `q`, independently: epsilon relies on a random number."""
    return [p for p, u in zip(patients, rng.random(len(patients)), strict=True) if u < q]


def by_patient(values: np.ndarray, patients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average values over the samples of each patient; give the means and the patients."""
    people, member, counts = np.unique(patients, return_inverse=True, return_counts=True)
    return np.bincount(member, weights=values) / counts, people


def attack(inside: np.ndarray, outside: np.ndarray, patients: np.ndarray) -> Interval:
    """Attack two models by their losses, and score the guesses.

    The two were trained in the same way on two halves of the patients. So each patient is once a
    member and once not, and what makes a patient easy for any model cancels out. With one model
    only, an easy training part looks like a leak.
    """
    if not len(inside) == len(outside) == len(patients):
        raise DataError(f"{len(inside)}, {len(outside)} losses, {len(patients)} patients")
    member, people = by_patient(np.asarray(inside, float), np.asarray(patients))
    other, _ = by_patient(np.asarray(outside, float), np.asarray(patients))
    pairs = np.stack([member, other], axis=1)
    role = np.tile([1, 0], (len(people), 1))
    return metrics.bootstrap(
        lambda loss, truth: metrics.area_under_roc(truth.ravel(), -loss.ravel()),
        pairs,
        role,
        groups=people,
    )


def halves(patients: np.ndarray) -> np.ndarray:
    """Deal patients to two halves: True for the samples of the first."""
    people, member = np.unique(patients, return_inverse=True)
    order = np.random.default_rng([0, 18]).permutation(len(people))
    return (order < len(people) // 2)[member]
