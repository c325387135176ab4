import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtutor import splits
from medtutor.errors import SplitError


def cohort(people=120, each=3, prefix="P"):
    patients = np.repeat([f"{prefix}{k:04d}" for k in range(people)], each)
    labels = np.repeat(np.arange(people) % 2, each)
    return labels, patients


@given(st.integers(12, 200), st.integers(1, 5), st.integers(0, 3))
def test_nobody_is_in_two_parts_and_nobody_is_lost(people, each, seed):
    labels, patients = cohort(people, each)
    split = splits.by_patient(labels, patients, seed=seed)
    parts = [set(patients[getattr(split, p)]) for p in splits.PARTS]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    together = np.concatenate([split.train, split.validation, split.test])
    assert sorted(together) == list(range(len(labels)))


def test_the_rule_of_the_course_decides_by_name():
    labels, patients = cohort()
    split = splits.by_patient(labels, patients)
    assert {splits.is_test_patient(p) for p in patients[split.test]} == {True}
    assert not any(splits.is_test_patient(p) for p in patients[split.train])
    assert splits.is_test_patient("LIDC-IDRI-0001") is False


def test_a_cohort_without_test_patients_gets_a_fold():
    labels, patients = cohort(400)
    left = np.array([not splits.is_test_patient(p) for p in patients])
    split = splits.by_patient(labels[left], patients[left])
    share = len(split.test) / left.sum()
    assert 0.15 < share < 0.25
    assert "five" in split.rule


def test_the_parts_of_the_data_set_come_first():
    labels, patients = cohort(10, 1)
    words = np.array(["train"] * 5 + ["val"] * 2 + ["Test"] * 3)
    split = splits.by_patient(labels, patients, given=words)
    assert (len(split.train), len(split.validation), len(split.test)) == (5, 2, 3)
    by_name = dict(zip(patients, words, strict=True))
    assert np.array_equal(splits.by_patient(labels, patients, given=by_name).test, split.test)


def test_a_patient_in_two_parts_is_refused_by_name():
    labels, patients = cohort(10, 2)
    words = np.array(["train"] * 9 + ["test"] * 11)
    with pytest.raises(SplitError, match=r"P0004 is in the train part and in the test part"):
        splits.by_patient(labels, patients, given=words, validation=0)


def test_an_empty_part_and_an_unknown_word_are_refused():
    labels, patients = cohort(10, 1)
    with pytest.raises(SplitError, match="test part is empty"):
        splits.by_patient(labels, patients, given=np.array(["train"] * 10))
    with pytest.raises(SplitError, match=r"'holdout'.*train, val and test"):
        splits.by_patient(labels, patients, given=np.array(["train"] * 9 + ["holdout"]))


def test_one_person_cannot_be_split():
    with pytest.raises(SplitError, match="one person"):
        splits.by_patient([0, 1, 0], ["A", "A", "A"])


def test_heart_rates_split_by_subject_too():
    rng = np.random.default_rng(0)
    subjects = np.repeat([f"S{k:02d}" for k in range(30)], 20)
    split = splits.by_patient(rng.normal(80, 10, 600), subjects, unit="subject")
    assert "subjects" in repr(split)
    assert "no subject is in two parts" in repr(split)


def test_the_table_counts_what_is_there():
    labels, patients = cohort(50, 2)
    split = splits.by_patient(labels, patients, class_names=("benign", "malignant"))
    rows = split.table()
    assert sum(r.samples for r in rows) == 100
    assert sum(r.patients for r in rows) == 50
    assert sum(r.per_class["malignant"] for r in rows) == int(labels.sum())
    head = repr(split).splitlines()[0].split()
    assert head == ["part", "patients", "samples", "benign", "malignant"]


def test_the_same_seed_gives_the_same_split():
    labels, patients = cohort(77, 2)
    one, two = (splits.by_patient(labels, patients, seed=3) for _ in range(2))
    assert np.array_equal(one.validation, two.validation)


def test_another_seed_moves_the_validation_part_and_never_the_test_part():
    labels, patients = cohort(400)
    left = np.array([not splits.is_test_patient(p) for p in patients])
    one, two = (splits.by_patient(labels[left], patients[left], seed=s) for s in (0, 1))
    assert np.array_equal(one.test, two.test)
    assert not np.array_equal(one.validation, two.validation)


@pytest.mark.parametrize("each", [2, 3, 4])
def test_few_patients_get_a_split(each):
    labels = np.repeat([0, 1], each)
    split = splits.by_patient(labels, np.array([f"P{k}" for k in range(2 * each)]))
    assert len(split.train)
    assert len(split.test)


def test_one_patient_for_each_class_is_one_clear_sentence():
    with pytest.raises(SplitError, match="no class has two samples"):
        splits.by_patient(np.array([0, 1]), np.array(["P0", "P1"]))
