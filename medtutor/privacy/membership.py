"""Membership inference: guess from a model alone whether a patient helped to train it.

A model has smaller losses on samples that it was fitted to. An attacker who holds a patient's image
and label asks the model, and takes a small loss for a yes (Yeom et al., CSF 2018). It is the
simplest of these attacks; stronger ones train many models of their own to compare with (Carlini et
al., IEEE S&P 2022). What it finds is a lower bound on what leaks.
"""

import numpy as np

from medtutor import metrics
from medtutor.errors import DataError
from medtutor.types import Interval


def by_patient(values: np.ndarray, patients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average values over the samples of each patient.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        One for each sample, such as a loss.
    patients : ndarray of str, shape (n,)
        Patient of each sample.

    Returns
    -------
    means : ndarray of float64, shape (people,)
        Mean of each patient.
    people : ndarray of str, shape (people,)
        The patients, sorted.
    """
    people, member, counts = np.unique(patients, return_inverse=True, return_counts=True)
    return np.bincount(member, weights=values) / counts, people


def attack(
    inside: np.ndarray, outside: np.ndarray, patients: np.ndarray, seed: int = 0
) -> Interval:
    """Attack two models by their losses, and score the guesses.

    The two were trained in the same way on two halves of the patients. So each patient is once a
    member and once not, and what makes a patient easy for any model cancels out. With one model
    only, an easy training part looks like a leak.

    Parameters
    ----------
    inside : ndarray of float, shape (n,)
        Loss of each sample under the model that its patient helped to train.
    outside : ndarray of float, shape (n,)
        Loss of the same sample under the other model.
    patients : ndarray of str, shape (n,)
        Patient of each sample.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Interval
        Chance that a member's mean loss is smaller than that of somebody who is not: 0.5 is
        guessing. The interval is over patients, both roles of a patient drawn together.

    Raises
    ------
    DataError
        If the arrays differ in length.
    """
    if not len(inside) == len(outside) == len(patients):
        raise DataError(f"{len(inside)}, {len(outside)} losses, {len(patients)} patients")
    member, people = by_patient(np.asarray(inside, float), np.asarray(patients))
    other, _ = by_patient(np.asarray(outside, float), np.asarray(patients))
    pairs = np.stack([member, other], axis=1)
    role = np.tile([1, 0], (len(people), 1))
    return metrics.bootstrap(
        lambda loss, truth: metrics.area_under_roc(truth.ravel(), -loss.ravel()),
        pairs, role, groups=people, seed=seed,
    )  # fmt: skip


def halves(patients: np.ndarray, seed: int = 0) -> np.ndarray:
    """Deal patients to two halves.

    Parameters
    ----------
    patients : ndarray of str, shape (n,)
        Patient of each sample.
    seed : int
        Of the deal.

    Returns
    -------
    ndarray of bool, shape (n,)
        True for the samples of the first half.
    """
    people, member = np.unique(patients, return_inverse=True)
    order = np.random.default_rng([seed, 18]).permutation(len(people))
    return (order < len(people) // 2)[member]
