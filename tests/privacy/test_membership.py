"""The attack: sure when losses give members away, guessing when they do not."""

import numpy as np
import pytest

from medtutor.errors import DataError
from medtutor.privacy import dp

PATIENTS = np.repeat([f"p{k}" for k in range(60)], 2)


def test_memorised_patients_are_found():
    found = dp.attack(np.zeros(120), np.ones(120), PATIENTS)
    assert found.value == found.low == found.high == 1


def test_hardness_alone_is_no_leak():
    """A patient who is hard for both twins says nothing about dp."""
    rng = np.random.default_rng(0)
    hard = np.repeat(rng.exponential(1, 60), 2)
    found = dp.attack(hard, hard, PATIENTS)
    assert found.value == pytest.approx(0.5)
    noisy = dp.attack(hard + rng.normal(0, 0.1, 120), hard + rng.normal(0, 0.1, 120), PATIENTS)
    assert noisy.low < 0.5 < noisy.high


def test_a_small_leak_is_seen_through_the_pairs():
    rng = np.random.default_rng(1)
    hard = np.repeat(rng.exponential(1, 60), 2)
    found = dp.attack(hard - 0.3, hard, PATIENTS)
    assert found.low > 0.5
    assert 0.55 < found.value < 0.8


def test_halves_are_made_of_patients():
    half = dp.halves(PATIENTS)
    assert not set(PATIENTS[half]) & set(PATIENTS[~half])
    assert len(set(PATIENTS[half])) == 30
    np.testing.assert_array_equal(half, dp.halves(PATIENTS))


def test_means_go_by_patient():
    means, people = dp.by_patient(np.array([1.0, 3.0, 5.0]), np.array(["b", "b", "a"]))
    assert list(people) == ["a", "b"]
    assert list(means) == [5, 2]


def test_lengths_that_differ_are_refused():
    with pytest.raises(DataError, match="120, 119 losses"):
        dp.attack(np.zeros(120), np.zeros(119), PATIENTS)
