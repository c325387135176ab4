"""Records, from the samples to a tested network; how good it is does not matter here."""

from dataclasses import replace

import numpy as np

from medtutor import datasets, splits
from medtutor.capstone import records
from medtutor.ecg import segments


def test_records_are_trained_tested_and_explained(monkeypatch):
    monkeypatch.setattr(records, "STEPS", 4)
    data = datasets.load_ecg("default")
    work = records.Records(data, segments.cut(data.recordings, 2000))
    keep = np.flatnonzero(np.arange(len(work.labels)) % 6 == 0)
    some = work.take(keep)
    split = splits.by_patient(some.labels, some.patients, some.given, unit="subject")
    some.train(split)
    outcome = some.test(split, some.patients)
    assert [s.name for s in outcome.scores] == [
        "own.test.mae_bpm",
        "own.detector.mae_bpm",
        "own.baseline.mae_bpm",
    ]
    assert all(np.isfinite(s.interval.value) for s in outcome.scores)
    assert "subject" not in str(outcome.tables[0][2])  # people are numbered, not named
    assert some.explain(split)[0].png
    share, chance = some.inside(split)
    assert 0 < share.value <= 1
    assert 0 < chance < 0.5


def test_records_without_subjects_say_so():
    data = datasets.load_ecg("default")
    few = replace(data, recordings=data.recordings[:3], split=None)
    work = records.Records(few, segments.cut(few.recordings, 2000), subjects_known=False)
    assert work.notes[0].startswith("NO SUBJECT IDS")
    flags, _ = work.inspect()
    assert "no subject" in {flag.check for flag in flags}
