"""The page of results on real patients: beats of everybody, scored together."""

import numpy as np
import pytest

from medtutor import paths

real = paths.load(paths.root() / "tools" / "real.py")
N, S, V, F = range(4)


@pytest.fixture
def named():
    """Six people; the V of the first are all found, those of the second are half missed."""
    truth = np.array([V, V, N, N, V, V, F, N, S, S, N, N])
    both = np.array([V, V, N, V, V, N, V, N, S, N, N, N])
    return {
        "truth": truth,
        "both": both,
        "boosting": np.full(12, N),
        "subject": np.repeat(["a", "b", "c", "d", "e", "f"], 2),
    }


def test_an_f_called_v_counts_only_where_the_score_is_strict(named):
    found = real.scores(named)
    assert found["both.v.f1"]["value"] == pytest.approx(2 * 3 / (4 + 4))
    assert found["both.v.strict.f1"]["value"] == pytest.approx(2 * 3 / (4 + 5))
    assert found["both.s.f1"]["value"] == pytest.approx(2 * 1 / (2 + 1))
    assert found["boosting.v.f1"]["value"] == 0
    assert found["both.v.f1"]["low"] < 0.75 < found["both.v.f1"]["high"]


def test_the_table_says_whose_v_are_missed_and_who_has_others_called_v(named):
    rows = {row.pop("person"): list(row.values()) for row in real.mistakes(named)}
    assert rows == {
        "a": [2, 2, 0, 0, 0],
        "b": [0, 0, 1, 0, 0],
        "c": [2, 1, 0, 0, 0],
        "d": [0, 0, 0, 0, 1],
    }
