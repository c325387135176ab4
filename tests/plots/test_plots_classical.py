"""Figures of hand-made features: what is drawn, and that each reaches the page with its text."""

from itertools import pairwise

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


def test_threshold_marks_the_chosen_one_in_both_panels(displayed):
    values = np.linspace(-900, 100, 50)
    classical.threshold(values, values, np.sin(np.linspace(0, 3, 50)), -400.0, "t")
    for ax in displayed["t"].axes:
        assert any(list(line.get_xdata()) == [-400.0, -400.0] for line in ax.lines)


def test_cell_draws_a_bar_for_each_orientation_and_an_arrow_for_each_pixel(displayed):
    histogram = np.arange(9.0)
    classical.cell(np.eye(4), np.ones((4, 4)), np.zeros((4, 4)), histogram, "c")
    image, bars = displayed["c"].axes
    assert [b.get_height() for b in bars.patches] == histogram.tolist()
    assert image.collections[0].U.size == 16


def test_shares_puts_the_groups_beside_each_other(displayed):
    named = {"benign": np.array([0.2, 0.8]), "malignant": np.array([0.5, 0.5])}
    classical.shares(named, ["0", "1"], "code", "share", "s")
    bars = displayed["s"].axes[0].patches
    assert [b.get_height() for b in bars] == [0.2, 0.8, 0.5, 0.5]
    spans = sorted((b.get_x(), b.get_x() + b.get_width()) for b in bars)
    assert all(a[1] < b[0] for a, b in pairwise(spans))


def test_intervals_draws_value_and_both_ends(displayed):
    rows = {"shape": {"LR": (0.8, 0.7, 0.85), "GB": (0.9, 0.8, 0.95)}, "all": {"LR": (0.6, 0.5, 1)}}
    classical.intervals(rows, "AUC", "i", line=0.5)
    ax = displayed["i"].axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["shape", "all"]
    first = ax.containers[0]
    np.testing.assert_allclose(first.lines[0].get_xdata(), [0.8, 0.6])
    ends = np.array(first.lines[2][0].get_segments())[:, :, 0]
    np.testing.assert_allclose(ends, [[0.7, 0.85], [0.5, 1.0]])


def test_learning_has_a_panel_for_each_title_and_leaves_nan_out(displayed):
    curve = np.full((2, 3, 3), 0.8) + np.array([0, -0.1, 0.05])
    curve[1, 0] = np.nan
    classical.learning([25, 50, 100], {"CNN": curve}, "l", ["all", "hard"],
                       levels=[{"ruler": 0.9}, {"ruler": 0.6}])  # fmt: skip
    axes = displayed["l"].axes
    assert [ax.get_title() for ax in axes] == ["all", "hard"]
    assert axes[0].get_xscale() == "log"
    assert [axes[0].lines[-1].get_ydata()[0], axes[1].lines[-1].get_ydata()[0]] == [0.9, 0.6]
    words = [t.get_text() for t in displayed["l"].legends[0].get_texts()]
    assert sorted(words) == ["CNN", "ruler"]
