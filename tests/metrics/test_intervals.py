import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from medtutor import metrics
from medtutor.errors import DataError


def test_the_value_is_that_of_all_samples():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    scores = labels + rng.normal(size=80)
    patients = np.arange(80) // 2
    got = metrics.auc(labels, scores, patients)
    assert got.value == pytest.approx(roc_auc_score(labels, scores))
    assert got.low < got.value < got.high
    assert got == metrics.auc(labels, scores, patients)


def test_patients_and_not_samples_are_the_unit():
    """Copying every sample ten times must not narrow the interval."""
    rng = np.random.default_rng(1)
    right, patients = rng.random(60) < 0.8, np.arange(60)
    once = metrics.bootstrap(np.mean, right, groups=patients)
    copied = metrics.bootstrap(np.mean, np.repeat(right, 10), groups=np.repeat(patients, 10))
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=1e-9)


def _patients_around_a_known_mean(rng):
    """Invent 100 patients with five samples each; the mean of all patients is 0."""
    level = np.repeat(rng.normal(0, 1, 100), 5)
    return np.mean, (level + rng.normal(0, 0.5, 500),), np.repeat(np.arange(100), 5), 0.0


def _patients_of_a_known_auc(rng):
    """Invent 120 patients with two scores each that share a part.

    The difference of two scores is normal with mean 1, so the AUC is Phi(1 / its SD).
    """
    patients = np.repeat(np.arange(120), 2)
    scores = patients % 2 + rng.normal(0, 0.7, 120)[patients] + rng.normal(0, 0.5, 240)
    return metrics.area_under_roc, (patients % 2, scores), patients, norm.cdf(1 / np.sqrt(1.48))


@pytest.mark.parametrize("invent", [_patients_around_a_known_mean, _patients_of_a_known_auc])
def test_intervals_of_95_percent_hold_the_truth_in_92_to_98_of_100_studies(invent):
    rng, held = np.random.default_rng(3), 0
    for study in range(600):
        statistic, arrays, patients, truth = invent(rng)
        got = metrics.bootstrap(statistic, *arrays, groups=patients, resamples=200, seed=study)
        held += got.low <= truth <= got.high
    assert 0.92 <= held / 600 <= 0.98


SHAPES = {
    "normal": (lambda rng, n: rng.normal(size=n), 0),
    "exponential": (lambda rng, n: rng.exponential(size=n), 1),
    "log-normal": (lambda rng, n: rng.lognormal(0, 0.5, n), np.exp(1 / 8)),
    "one far off": (lambda rng, n: rng.normal(size=n) * np.r_[10, np.ones(n - 1)], 0),
}


@pytest.mark.parametrize("people", [8, 20, 40])
@pytest.mark.parametrize("shape", SHAPES)
def test_few_people_with_skewed_errors_get_what_95_percent_promises(shape, people):
    """A plain percentile interval holds 84 of 100 for 8 people and exponential errors."""
    draw, truth = SHAPES[shape]
    rng, held = np.random.default_rng(5), 0
    for _ in range(800):
        got = metrics.bootstrap(np.mean, draw(rng, people), groups=np.arange(people))
        held += got.low <= truth <= got.high
    assert 0.93 <= held / 800 <= (0.99 if shape == "one far off" else 0.97)


def test_the_people_are_counted_and_the_interval_still_unpacks():
    got = metrics.mae(np.array([1.0, -1.0, 2.0, 5.0]), np.array(["a", "a", "b", "c"]))
    assert got.groups == 3
    assert len([*got]) == 3
    assert got.low == 0  # an error in absolute size has no lower end below 0


def test_a_perfect_score_of_few_is_no_certainty():
    got = metrics.accuracy(np.ones(7), np.ones(7), np.arange(7))
    assert got == (1, pytest.approx(0.646, abs=0.001), 1)  # Wilson 1927, 7 of 7
    assert metrics.accuracy(np.ones(60), np.ones(60), np.arange(60)).low < 0.95


def test_a_perfect_score_rests_on_those_who_have_a_say():
    """Twenty people, of whom three have a beat of the class: Wilson for 3 of 3, not for 20."""
    people, rare = np.repeat(np.arange(20), 4), np.tile([0, 0, 0, 1], 20)
    rare[12:] = 0

    def sensitivity(true, called):
        return np.mean(called[true == 1] == 1) if true.any() else np.nan

    got = metrics.bootstrap(sensitivity, rare, rare, groups=people, bounds=(0, 1))
    assert got.low == pytest.approx(3 / (3 + 1.96**2))
    assert got.groups == 20
    one_class_each = np.arange(20) < 3
    got = metrics.auc(one_class_each, one_class_each * 1.0, np.arange(20))
    assert got.low == pytest.approx(3 / (3 + 1.96**2))


@pytest.mark.parametrize("n", [1, 7, 60, 1000])
def test_the_interval_of_all_or_none_ends_at_the_share_itself(n):
    low, high = metrics.wilson(np.array([0.0, 1.0]), np.array([n, n]))
    assert (low[0], high[1]) == (0, 1)
    np.testing.assert_allclose([high[0], low[1]], [1.96**2 / (n + 1.96**2), n / (n + 1.96**2)])


def test_what_hangs_on_one_patient_has_no_interval():
    only = metrics.auc(np.arange(7) == 0, np.arange(7.0), np.arange(7))
    assert np.isnan(only.low)
    assert np.isnan(metrics.mae(np.ones(9), np.zeros(9)).high)


def test_drawing_samples_as_if_they_were_patients_does_not_hold_what_it_promises():
    rng, held = np.random.default_rng(4), 0
    for study in range(200):
        statistic, arrays, _, truth = _patients_around_a_known_mean(rng)
        got = metrics.bootstrap(
            statistic, *arrays, groups=np.arange(500), resamples=100, seed=study
        )
        held += got.low <= truth <= got.high
    assert held / 200 < 0.85


def test_one_class_gives_nan_and_not_a_crash():
    got = metrics.auc(np.zeros(5, int), np.arange(5.0), np.arange(5))
    assert np.isnan(got.value)
    assert np.isnan(got.low)


def test_empty_or_unequal_arrays_are_refused():
    with pytest.raises(DataError):
        metrics.mae(np.array([]), np.array([]))
    with pytest.raises(DataError):
        metrics.accuracy(np.zeros(3), np.zeros(3), np.zeros(2))


def test_accuracy_and_mae():
    patients = np.arange(4)
    assert metrics.accuracy(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]), patients).value == 0.75
    assert metrics.mae(np.array([-1.0, 1.0, 3.0, -3.0]), patients).value == 2.0


def test_an_interval_writes_itself():
    assert str(metrics.Interval(0.9123, 0.87, 0.95)) == "0.912 (95 % CI 0.870 to 0.950)"
