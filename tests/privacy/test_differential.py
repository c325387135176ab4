"""DP-SGD as lesson 21 writes it: gradients of single patients, clipping, noise; and its epsilon."""

import nbformat
import numpy as np
import pytest

from medtutor import paths
from medtutor.errors import DataError
from medtutor.layers import Adam, Conv2D, Dense
from medtutor.privacy import dp, federated

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 20, 20, 1)).astype(np.float32)
LABELS = RNG.integers(0, 2, 12)
PATIENTS = np.array(list("aabccdddddef"))  # d has five images
ROWS_OF = {patient: np.flatnonzero(patient == PATIENTS) for patient in "abcdef"}


@pytest.fixture(scope="module")
def lesson():
    """What the lesson's own cells on DP-SGD define, with shorter gradients."""
    (path,) = paths.notebooks().glob("*_federated.ipynb")
    names = {"np": np, "dp": dp, "federated": federated, "x": X, "t": LABELS}
    names |= {"Adam": Adam, "Conv2D": Conv2D, "Dense": Dense}
    names |= {"sliding_window_view": np.lib.stride_tricks.sliding_window_view}
    wanted = ("def each_gradient(", "def patient_sum(", "def train_privately(")
    cells = [c.source for c in nbformat.read(path, 4).cells if any(w in c.source for w in wanted)]
    assert len(cells) == len(wanted)
    for cell in cells:
        exec(cell.replace("CLIP = 1.0", "CLIP = 0.5"), names)
    assert names["CLIP"] == 0.5
    return names


@pytest.fixture(scope="module")
def gradients(lesson):
    return lambda weights, drawn, rng: lesson["patient_sum"](weights, ROWS_OF, drawn, rng)


def of_one(rows):
    """Gradient of one patient's mean loss, by the network of lesson 04."""
    model = federated.network()
    model.set_weights(federated.first_weights())
    model.loss_and_gradients(X[rows], LABELS[rows])
    return [g.copy() for g in model.gradients]


class TestEpsilon:
    @pytest.mark.parametrize(
        ("q", "sigma", "steps", "delta"),
        [(0.05, 1.1, 200, 1e-5), (0.15, 1.2, 100, 1e-3), (1.0, 3.0, 1, 1e-4)],
    )
    def test_it_is_dp_accountings(self, q, sigma, steps, delta):
        from dp_accounting import dp_event, pld, rdp

        event = dp_event.PoissonSampledDpEvent(q, dp_event.GaussianDpEvent(sigma))
        other = pld.PLDAccountant(value_discretization_interval=1e-3)
        mine = dp.epsilon(q, sigma, steps, delta)
        assert mine == pytest.approx(other.compose(event, steps).get_epsilon(delta), abs=1e-12)
        # An older and looser way of counting must not promise more.
        looser = rdp.RdpAccountant().compose(event, steps).get_epsilon(delta)
        assert 0.5 * looser < mine <= looser * 1.001

    def test_noise_helps_and_steps_cost(self):
        base = dp.epsilon(0.1, 1.0, 50, 1e-4)
        assert dp.epsilon(0.1, 2.0, 50, 1e-4) < base
        assert dp.epsilon(0.1, 1.0, 100, 1e-4) > base
        assert dp.epsilon(0.05, 1.0, 50, 1e-4) < base
        assert dp.epsilon(0.1, 0, 50, 1e-4) == float("inf")

    @pytest.mark.parametrize(
        "wrong", [(0, 1, 1, 0.1), (0.1, -1, 1, 0.1), (0.1, 1, 0, 0.1), (0.1, 1, 1, 1.0)]
    )
    def test_numbers_that_make_no_sense_are_refused(self, wrong):
        with pytest.raises(DataError, match="q = "):
            dp.epsilon(*wrong)


class TestGradients:
    def test_the_sum_is_that_of_single_clipped_patients(self, gradients):
        rng = np.random.default_rng(1)
        total, lengths = gradients(federated.first_weights(), ["a", "b", "c"], rng)
        expected = [np.zeros_like(w) for w in federated.first_weights()]
        for k, rows in enumerate([[0, 1], [2], [3, 4]]):
            mine = of_one(rows)
            length = np.sqrt(sum((g**2).sum() for g in mine))
            assert lengths[k] == pytest.approx(length, rel=1e-4)
            for sum_so_far, g in zip(expected, mine, strict=True):
                sum_so_far += g * min(1, 0.5 / length)
        for a, b in zip(total, expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)

    def test_one_patient_changes_the_sum_by_the_clip_at_most(self, gradients):
        start, people = federated.first_weights(), ["a", "c", "e"]
        for more in ("b", "d", "f"):
            one, _ = gradients(start, people, np.random.default_rng(1))
            two, _ = gradients(start, [*people, more], np.random.default_rng(1))
            change = sum(((a - b) ** 2).sum() for a, b in zip(one, two, strict=True))
            assert 0 < np.sqrt(change) <= 0.5 + 1e-5

    def test_nobody_drawn_is_a_sum_of_nothing(self, gradients):
        total, lengths = gradients(federated.first_weights(), [], np.random.default_rng(1))
        assert len(lengths) == 0
        assert all(np.all(g == 0) for g in total)


def test_patients_are_drawn_independently():
    people = [str(k) for k in range(2000)]
    rng = np.random.default_rng(2)
    sizes = [len(dp.sample_patients(people, 0.1, rng)) for _ in range(200)]
    assert np.mean(sizes) == pytest.approx(200, abs=4)
    assert np.std(sizes) == pytest.approx(np.sqrt(2000 * 0.1 * 0.9), rel=0.25)


def test_a_training_comes_out_again_and_noise_changes_it(lesson):
    def flat(sigma, seed=0):
        weights = lesson["train_privately"](ROWS_OF, 0.5, sigma, 3, seed=seed)
        return np.concatenate([w.ravel() for w in weights])

    np.testing.assert_array_equal(flat(1.0), flat(1.0))
    assert np.abs(flat(1.0) - flat(0.0)).max() > 1e-3
    assert np.abs(flat(1.0) - flat(1.0, seed=1)).max() > 1e-3
