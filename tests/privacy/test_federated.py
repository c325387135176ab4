"""Hospitals, their training and its average, without an engine; Flower's average beside ours."""

import dataclasses

import numpy as np
import pytest

from medtutor import cli, datasets, paths
from medtutor.errors import DataError, SplitError
from medtutor.privacy import federated
from medtutor.privacy.federated import Settings, outcome

data = paths.load(paths.root() / "federation" / "hospitals_app" / "hospital_data.py")


@pytest.fixture(scope="module")
def everybody():
    return data.consortium()


@pytest.fixture(scope="module")
def bare():
    """The bundled set without what it says about scanner and size."""
    return dataclasses.replace(datasets.load_ct(progress=False), table={}, diameter=None)


def parts(found):
    return [*found.train, *found.test]


class TestHospitals:
    def test_whole_patients_are_dealt_and_nobody_is_lost(self, everybody):
        people = [set(everybody.patients[rows]) for rows in parts(everybody)]
        assert len(set.union(*people)) == sum(len(p) for p in people)
        assert sum(len(rows) for rows in parts(everybody)) == len(everybody.x)

    def test_they_differ_in_the_share_of_the_event(self, everybody):
        shares = [everybody.share(k) for k in range(4)]
        assert min(shares) < 0.3 < 0.6 < max(shares)

    def test_the_ledger_counts_patients_and_samples(self, everybody):
        text = repr(everybody)
        for k, name in enumerate(federated.NAMES):
            row = next(line for line in text.splitlines() if line.startswith(f"{name} "))
            assert str(len(everybody.train[k])) in row.split()
            assert str(len(np.unique(everybody.patients[everybody.test[k]]))) in row.split()

    def test_a_set_that_says_nothing_can_be_dealt_too(self, bare):
        found = federated.divide(bare, federated.split_of(bare))
        assert all(len(rows) > 20 for rows in parts(found))
        assert max(found.share(k) for k in range(4)) > 1.5 * min(found.share(k) for k in range(4))

    def test_a_hospital_loads_its_own_part_only(self, everybody):
        x, labels = data.training_part(None, 2)
        np.testing.assert_array_equal(x, everybody.x[everybody.train[2]])
        np.testing.assert_array_equal(labels, everybody.labels[everybody.train[2]])
        assert len(data.training_part(None, None)[0]) == len(everybody.all_train())

    def test_a_patient_in_two_hospitals_is_refused(self, everybody):
        train = (*everybody.train[:3], everybody.train[2][:1])
        with pytest.raises(SplitError, match=r"hospital C and in the train part of hospital D"):
            dataclasses.replace(everybody, train=train)

    def test_an_empty_hospital_is_refused(self, everybody):
        with pytest.raises(SplitError, match="hospital D has no training patients"):
            dataclasses.replace(everybody, train=(*everybody.train[:3], np.array([], int)))


class TestTraining:
    def test_our_average_is_flowers(self):
        from flwr.app import ArrayRecord, MetricRecord, RecordDict
        from flwr.serverapp.strategy.strategy_utils import aggregate_arrayrecords

        rng = np.random.default_rng(0)
        models = [[rng.normal(size=s).astype(np.float32) for s in ((3, 2), (2,))] for _ in range(3)]
        counts = [5, 70, 12]
        records = [
            RecordDict({"arrays": ArrayRecord(m), "metrics": MetricRecord({"num-examples": n})})
            for m, n in zip(models, counts, strict=True)
        ]
        theirs = aggregate_arrayrecords(records, "num-examples").to_numpy_ndarrays()
        for a, b in zip(federated.average(models, counts), theirs, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_equal_models_average_to_themselves_and_stay_unchanged(self):
        model = federated.first_weights()
        kept = [w.copy() for w in model]
        mean = federated.average([model, model], [1, 9])
        for a, b, c in zip(mean, kept, model, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)
            np.testing.assert_array_equal(b, c)

    def test_an_average_of_nothing_is_refused(self):
        with pytest.raises(DataError, match="0 models"):
            federated.average([], [])

    def test_a_spring_keeps_the_model_near_and_zero_is_none(self, everybody):
        rows = everybody.train[0]
        start = federated.first_weights()

        def far(mu):
            w = federated.train_locally(start, everybody.x[rows], everybody.labels[rows], 1, mu)
            return sum(((a - b) ** 2).sum() for a, b in zip(w, start, strict=True))

        assert far(5.0) < 0.5 * far(0.0)

    def test_the_spring_is_the_gradient_of_its_formula(self):
        """mu / 2 |w - g|^2 has the gradient mu (w - g)."""
        from medtutor.layers import numerical_gradient

        w, g, mu = np.array([0.3, -2.0]), np.array([1.0, 0.5]), 0.7
        numeric = numerical_gradient(lambda v: mu / 2 * ((v - g) ** 2).sum(), w)
        np.testing.assert_allclose(mu * (w - g), numeric, rtol=1e-5)

    def test_rounds_learn_and_a_lost_hospital_misses_one(self, everybody):
        whole = federated.in_process(Settings(rounds=4), everybody)
        assert whole.loss[-1] < 0.75 * whole.loss[0]
        assert whole.answered == [[0, 1, 2, 3]] * 4
        broken = federated.in_process(Settings(rounds=2, lose_hospital=1, lose_round=2), everybody)
        assert broken.answered == [[0, 1, 2, 3], [0, 2, 3]]
        assert len(broken.loss) == 3

    def test_the_outcome_is_read_from_the_steps(self):
        steps = [
            {"round": 1, "state": "sent", "to": 2},
            {
                "round": 1,
                "state": "trained",
                "hospitals": [0, 2],
                "counts": [1, 3],
                "losses": [1.0, 2.0],
            },
            {"round": 1, "state": "evaluated", "hospitals": [2], "counts": [3], "losses": [0.5]},
        ]
        found = outcome(steps, [])
        assert found.loss == [1.75, 0.5]
        assert found.answered == [[0, 2]]


@pytest.mark.parametrize("words", [["--mu", "-1"], ["--data", "no/such/place"]])
def test_a_wrong_call_ends_with_one_line(words, capsys):
    assert cli.main(["federate", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("medtutor: ")
    assert said.count("\n") == 1
