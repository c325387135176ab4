"""Records whose beats are named, from the folder to the card."""

import ast
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from medtutor import datasets, paths, splits
from medtutor.capstone import beats, card
from medtutor.capstone.beats import Beats
from medtutor.capstone.records import Records
from medtutor.ecg import segments


def records(data):
    return Records(data, segments.cut(data.recordings, 2000))


@pytest.fixture(scope="module")
def hearts():
    """Give some of the simulated people, among them all who have rare beats."""
    data = datasets.load_ecg("default")
    rare = [r for r in data.recordings if np.sum(r.symbols != "N") > 20][:16]
    return replace(data, recordings=tuple(rare))


def test_beats_are_named_tested_and_their_card_says_so(hearts, monkeypatch):
    monkeypatch.setattr(beats, "TREES", 8)
    work = Beats.of(records(hearts))
    assert work.class_names[0] == "N"
    assert len(work.class_names) > 1
    flags, pairs = work.inspect()
    assert not pairs
    split = splits.by_patient(
        work.labels, work.patients, class_names=work.class_names, unit=work.unit
    )
    assert work.train(split) == {}
    outcome = work.test(split, work.patients)
    scores = {score.name: score.interval.value for score in outcome.scores}
    for name in work.class_names:
        assert {f"own.beats.{name.lower()}.{s}" for s in ("f1", "sensitivity", "ppv")} <= set(
            scores
        )
    assert scores["own.beats.accuracy"] > scores["own.beats.baseline.accuracy"]
    assert np.allclose(work.predict(split.test).sum(axis=1), 1)
    assert work.inside(split) is None
    text = card.fill(work, split, outcome, flags, [], work.explain(split), None)
    assert "Task: name each beat" in text
    assert "gradient boosting" in text
    assert "File: none" in text
    assert "V is named" in text


def test_some_of_the_beats_keep_their_rows(hearts):
    work = Beats.of(records(hearts))
    keep = np.arange(5, 400, 7)
    some = work.take(keep)
    assert np.array_equal(some.inputs(np.arange(len(keep))), work.inputs(keep))
    assert some.items[3] == work.items[keep[3]]
    assert np.array_equal(some.labels, work.labels[keep])


def test_beats_of_one_class_are_refused(hearts, refused):
    normal = tuple(replace(r, symbols=np.full(len(r.beats), "N")) for r in hearts.recordings)
    says = ["cannot be named", "V is not named: 0 beats of 0 subjects", "heart rate"]
    refused(Beats.of, records(replace(hearts, recordings=normal)), says=says)
    odd = tuple(replace(r, symbols=np.full(len(r.beats), "V")) for r in hearts.recordings)
    refused(Beats.of, records(replace(hearts, recordings=odd)), says=["N is not named"])


def test_a_class_of_few_people_is_left_out():
    letters = np.repeat(["N", "V", "S", "F"], [400, 60, 49, 80])
    who = np.concatenate(
        [np.arange(400) % 9, np.arange(60) % 4, np.arange(49) % 8, np.arange(80) % 3]
    )
    names, why = beats.named(letters, who)
    assert names == ("N", "V")
    assert why[1] == "S is not named: 49 beats of 8 subjects"


def test_training_subjects_of_one_class_are_refused(hearts, refused):
    work = Beats.of(records(hearts))
    normal = np.flatnonzero(work.labels == 0)
    parts = np.where(work.patients == work.patients[normal[0]], "train", "test")
    some = work.take(np.flatnonzero((parts == "test") | (work.labels == 0)))
    kept = parts[(parts == "test") | (work.labels == 0)]
    split = splits.by_patient(some.labels, some.patients, kept, validation=0)
    refused(some.train, split, says=["of one class only", "training part"])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_classes_are_scored_as_scikit_learn_does(pairs):
    true, called = np.array(pairs).T
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (true, called), 1)
    expected = precision_recall_fscore_support(
        true, called, labels=[0, 1, 2], zero_division=np.nan
    )[:3]
    for name, values in zip(("ppv", "sensitivity", "f1"), expected, strict=True):
        found = [beats.measure(counts[None], k, name) for k in range(3)]
        assert np.allclose(found, values, equal_nan=True)


def test_the_table_is_that_of_lesson_17(hearts):
    """The lesson shows in the open what the package computes: they must not drift apart."""
    book = nbformat.read(next(paths.notebooks().glob("17_*.ipynb")), 4)
    wanted = {"GRID", "LEADS", "QRS", "around", "rhythm", "cut", "compared", "alike", "width"}
    wanted |= {"shape", "in_own_spread"}
    recordings = hearts.recordings[:3]
    space = {"np": np, "segments": segments, "recordings": recordings}
    for cell in book.cells:
        if cell.cell_type == "code":
            kept = [n for n in ast.parse(cell.source).body if names(n) & wanted]
            exec(compile(ast.Module(kept, []), "lesson", "exec"), space)
    rows = []
    for recording in recordings:
        f = space["shape"](*space["compared"](space["cut"](recording)))
        rows.append(np.hstack([space["rhythm"](recording), f, space["in_own_spread"](f)]))
    mine = beats.table(recordings)
    own = np.concatenate(rows)
    assert np.allclose(mine[:, : own.shape[1]], own, atol=1e-5)


def names(node):
    """List what a statement defines."""
    targets = getattr(node, "targets", [])
    found = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return found | {getattr(node, "name", "")}
