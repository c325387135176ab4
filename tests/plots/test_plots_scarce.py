"""Estimates with their intervals: what is drawn, and that it reaches the page with its text."""

import pytest

from medtutor.plots import scarce
from medtutor.types import Interval


@pytest.fixture
def shown(monkeypatch):
    """Collect the figures that would be shown, with their texts."""
    figures = []

    def show(fig, alt):
        fig.canvas.draw()
        figures.append((fig.axes, alt))

    monkeypatch.setattr(scarce, "show", show)
    return figures


def test_intervals_have_a_row_each_and_a_panel_for_each_measure(shown):
    rows = {"one": Interval(0.1, -0.1, 0.3), "two": Interval(-0.2, -0.3, -0.1)}
    scarce.intervals({"AUC": rows, "Brier": rows}, "words", zero=True, ideal={"Brier": 0.25})
    [axes, alt] = shown[0]
    assert alt == "words"
    assert [ax.get_xlabel() for ax in axes] == ["AUC", "Brier"]
    assert [t.get_text() for t in axes[0].get_yticklabels()] == ["one", "two"]
    assert len(axes[1].lines) == len(axes[0].lines) + 1
    ends = [tuple(found.get_xdata()) for found in axes[0].lines]
    assert (-0.1, 0.3) in ends
    assert (-0.3, -0.1) in ends
