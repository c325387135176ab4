"""Diagrams of lessons 09, 11 and 12: what is drawn, and that each reaches the page by its name."""

import numpy as np
import pytest

from medtutor import plots
from medtutor.lesson import figures
from medtutor.metrics import Table
from medtutor.types import Interval


@pytest.fixture
def shown(monkeypatch):
    """Collect the figures that would be shown, by the name of their text."""
    found = {}

    def show(fig, alt):
        fig.canvas.draw()
        found[alt] = fig

    monkeypatch.setattr(plots, "show", show)
    return found


def line(ax, label):
    return next(found for found in ax.lines if str(found.get_label()).startswith(label))


def test_a_confusion_table_has_the_truth_downwards_and_the_call_across(shown):
    figures("09").confusion({"network": Table(tp=5, fn=2, fp=1, tn=7)}, ("benign", "malignant"))
    [ax] = shown["confusion"].axes
    assert [text.get_text() for text in ax.texts] == ["5", "2", "1", "7"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["malignant", "benign"]


def test_the_best_epoch_is_marked_on_the_curve_of_the_test(shown):
    validation, test = np.array([0.5, 0.9, 0.6]), np.array([0.7, 0.6, 0.8])
    figures("09").choice(validation, test, {"few": [0.1, 0.3]})
    left, right = shown["choice"].axes
    assert line(left, "chosen on validation").get_xydata().tolist() == [[2, 0.6]]
    assert line(left, "chosen on the test").get_xydata().tolist() == [[3, 0.8]]
    assert right.lines[1].get_xdata() == pytest.approx([0.2, 0.2])


def test_a_curve_is_the_mean_of_its_draws(shown):
    draws = np.array([[0.6, 0.8, 0.9], [0.7, np.nan, 0.9], [0.8, 0.9, 0.9]])
    ruler = Interval(0.85, 0.8, 0.9)
    named = {"a": draws, "b": draws[:1]}
    figures("11").curve([20, 80, 320], named, "patients", "AUC", "curve", ruler, log="x")
    [ax] = shown["curve"].axes
    assert ax.get_xscale() == "log"
    assert line(ax, "a,").get_ydata() == pytest.approx([0.7, 0.85, 0.9])
    assert line(ax, "b,").get_ydata() == pytest.approx(draws[0])
    assert set(line(ax, "diameter").get_ydata()) == {0.85}
    assert [t.get_text() for t in ax.get_xticklabels()] == ["20", "80", "320"]


def test_the_threshold_is_marked_in_both_panels(shown):
    values = np.linspace(-900, 100, 50)
    figures("12").threshold(values, values, np.sin(np.linspace(0, 3, 50)), -400.0)
    for ax in shown["threshold"].axes:
        assert any(list(found.get_xdata()) == [-400.0, -400.0] for found in ax.lines)


def test_a_cell_has_a_bar_for_each_orientation_and_an_arrow_for_each_pixel(shown):
    histogram = np.arange(9.0)
    figures("12").cell(np.eye(4), np.ones((4, 4)), np.zeros((4, 4)), histogram)
    image, bars = shown["cell"].axes
    assert [b.get_height() for b in bars.patches] == histogram.tolist()
    assert image.collections[0].U.size == 16


def test_a_contest_has_a_panel_for_each_group_and_its_ruler(shown):
    curve = np.full((3, 3), 0.8) + np.array([0, -0.1, 0.05])
    panels = {"all": {"CNN": curve}, "hard": {"CNN": curve - 0.2}}
    figures("12").learning([25, 50, 100], panels, {"all": 0.9, "hard": 0.6})
    axes = shown["learning"].axes
    assert [ax.get_title() for ax in axes] == ["all", "hard"]
    assert axes[0].get_xscale() == "log"
    assert [line(ax, "a reader").get_ydata()[0] for ax in axes] == [0.9, 0.6]
    words = [t.get_text() for t in shown["learning"].legends[0].get_texts()]
    assert sorted(words) == ["CNN", "a reader's diameter"]
