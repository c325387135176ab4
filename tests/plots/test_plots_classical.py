"""Estimates with their intervals: what is drawn, and that it reaches the page with its text."""

import numpy as np
import pytest

from medtutor.plots import classical


@pytest.fixture
def displayed(monkeypatch):
    """Collect the figures that would be shown, by their text."""
    figures = {}

    def show(fig, alt):
        fig.canvas.draw()
        figures[alt] = fig

    monkeypatch.setattr(classical, "show", show)
    return figures


def test_intervals_draws_value_and_both_ends(displayed):
    rows = {"shape": {"LR": (0.8, 0.7, 0.85), "GB": (0.9, 0.8, 0.95)}, "all": {"LR": (0.6, 0.5, 1)}}
    classical.intervals(rows, "AUC", "i", line=0.5)
    ax = displayed["i"].axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["shape", "all"]
    first = ax.containers[0]
    np.testing.assert_allclose(first.lines[0].get_xdata(), [0.8, 0.6])
    ends = np.array(first.lines[2][0].get_segments())[:, :, 0]
    np.testing.assert_allclose(ends, [[0.7, 0.85], [0.5, 1.0]])
