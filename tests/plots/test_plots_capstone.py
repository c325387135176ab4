import numpy as np
import pytest

from medtutor import plots
from medtutor.capstone.work import Score
from medtutor.types import Interval


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed."""
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: outputs.append(data))
    return outputs


def examples():
    rng = np.random.default_rng(0)
    score = Score("own.test.auc", "AUC of the network", Interval(0.9, 0.8, 0.95))
    other = Score("own.baseline.mae_bpm", "mean error of the mean", Interval(9, 8, 11), "bpm")
    picture = rng.random((20, 20))
    yield lambda: plots.capstone.couples([picture], [picture], ["r = 1"], "pairs")
    yield lambda: plots.capstone.findings([("padding", 3, "a: b")], "bars")
    yield lambda: plots.capstone.findings([], "nothing")
    yield lambda: plots.capstone.estimates([score, other], "scores")
    yield lambda: plots.capstone.maps(
        [picture, np.dstack([picture] * 3)], {"m": rng.random((2, 20, 20))}, ["a", "b"]
    )
    yield lambda: plots.capstone.beat_maps(
        rng.random((2, 200)), rng.random((2, 25)), np.array([[10, np.nan]] * 2), ["a", "b"], 100
    )


@pytest.mark.parametrize("draw", list(examples()))
def test_each_figure_is_shown_and_kept(draw, shown):
    kept = draw()
    assert shown[0]["image/png"][:4] == kept.png[:4] == b"\x89PNG"
    assert kept.alt in shown[0]["text/plain"]
    assert kept.caption
