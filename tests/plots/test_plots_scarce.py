"""Figures of repeated trainings: what they draw, and that each reaches the page with its text."""

import numpy as np
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


def line(ax, label):
    return next(found for found in ax.lines if str(found.get_label()).startswith(label))


def test_a_curve_is_the_mean_of_its_draws(shown):
    draws = np.array([[0.6, 0.8, 0.9], [0.7, np.nan, 0.9], [0.8, 0.9, 0.9]])
    level = {"ruler": Interval(0.85, 0.8, 0.9)}
    scarce.curve([20, 80, 320], {"a": draws, "b": draws[:1]}, "patients", "AUC", "words",
                 level=level, log=True)  # fmt: skip
    [[ax], alt] = shown[0]
    assert alt == "words"
    assert ax.get_xscale() == "log"
    assert line(ax, "a,").get_ydata() == pytest.approx([0.7, 0.85, 0.9])
    assert line(ax, "b,").get_ydata() == pytest.approx(draws[0])
    assert set(line(ax, "ruler").get_ydata()) == {0.85}
    assert [t.get_text() for t in ax.get_xticklabels()] == ["20", "80", "320"]


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
