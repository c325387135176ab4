import numpy as np
import pytest

from medtutor import metrics
from medtutor.errors import DataError


def test_a_paired_difference_is_tighter_than_its_parts():
    rng = np.random.default_rng(3)
    truth = np.arange(200) % 2
    hard = rng.normal(size=200) * 2
    first, second = truth + hard, truth + hard + rng.normal(0, 0.05, 200)
    patients = np.arange(200)
    got = metrics.paired_difference(metrics.area_under_roc, truth, first, second, patients)
    alone = metrics.auc(truth, first, patients)
    assert got.high - got.low < (alone.high - alone.low) / 3
    assert got.low <= 0.02


@pytest.mark.parametrize(
    ("people", "says"), [(8, "too few people (8)"), (39, "(39)"), (40, "error of a is better")]
)
def test_a_hair_or_a_mile_from_few_people_is_no_verdict(people, says):
    truth, who = np.zeros(people), np.arange(people)
    far = np.random.default_rng(0).uniform(5, 6, people)
    gap = metrics.paired_difference(lambda t, p: float(np.mean(p - t)), truth, truth, far, who)
    assert gap.high < 0
    assert says in metrics.compare(gap, "error of a", "error of b", more_is_better=False)[1]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("end", "called"), [(0.0004, False), (0.0006, True)])
def test_an_interval_that_is_printed_as_ending_at_0_is_no_verdict(end, called, sign):
    low, high = sorted([sign * end, sign * 0.02])
    numbers, says = metrics.compare(metrics.Interval(sign * 0.01, low, high), "a", "b")
    assert ("leaves out 0" in says) == called == ("0.000" not in numbers)


def test_out_of_fold_predicts_everybody_once_and_tears_no_patient_apart():
    rng = np.random.default_rng(9)
    patients = rng.integers(0, 40, 150)
    labels = patients % 2
    seen = []

    def remember(train, test):
        assert not set(patients[train]) & set(patients[test])
        seen.append(test)
        return test.astype(float)

    got, fold = metrics.out_of_fold(remember, labels, patients)
    assert np.array_equal(got, np.arange(150))
    assert sorted(np.concatenate(seen)) == list(range(150))
    assert all(len(np.unique(fold[patients == p])) == 1 for p in np.unique(patients))


def test_fewer_patients_than_folds_are_refused():
    with pytest.raises(DataError, match="3 patients for 5 folds"):
        metrics.out_of_fold(lambda a, b: b, np.arange(6) % 2, np.arange(6) // 2)
