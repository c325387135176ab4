"""Figures of maps: what they draw, and that each reaches the page with its text."""

import numpy as np
import pytest

from medtutor.plots import explain
from medtutor.types import Interval


@pytest.fixture
def shown(monkeypatch):
    """Collect the figures that would be shown, with their texts."""
    figures = []

    def show(fig, alt):
        fig.canvas.draw()
        figures.append((fig, alt))

    monkeypatch.setattr(explain, "show", show)
    return figures


def test_each_map_is_shown_from_0_to_its_own_largest(shown):
    rng = np.random.default_rng(0)
    pictures = rng.random((2, 8, 8))
    maps = {"a": rng.normal(size=(2, 8, 8)), "b": np.zeros((2, 8, 8))}
    outlines = np.zeros((2, 8, 8), bool)
    outlines[0, 2:5, 2:5] = True  # the second image has none
    explain.grid(pictures, maps, ["one", "two"], "words", outlines)
    [[fig, alt]] = shown
    assert alt == "words"
    panels = fig.axes[:6]
    assert [ax.get_title() for ax in panels[:3]] == ["image", "a", "b"]
    drawn = panels[1].images[0].get_array()
    np.testing.assert_allclose(drawn, np.maximum(maps["a"][0], 0) / maps["a"][0].max())
    assert panels[2].images[0].get_array().max() == 0
    assert [len(ax.collections) for ax in panels] == [1, 1, 1, 0, 0, 0]


def test_a_ranking_has_a_row_for_each_method(shown):
    one = {"a": Interval(0.5, 0.4, 0.6), "b": Interval(0.2, 0.1, 0.4)}
    explain.ranking(
        {"hits": {"trained": one, "random": {"a": Interval(0.3, 0.2, 0.4)}}, "energy": {"t": one}},
        "words", level={"hits": {"chance": 0.25}},
    )  # fmt: skip
    [[fig, alt]] = shown
    assert alt == "words"
    hits, energy = fig.axes
    assert [t.get_text() for t in hits.get_yticklabels()] == ["a", "b"]
    assert hits.get_xlabel() == "hits"
    assert [t.get_text() for t in fig.legends[0].get_texts()] == ["chance", "trained", "random"]
    values = [bars.lines[0].get_xdata().tolist() for bars in hits.containers]
    assert values == [[0.5, 0.2], [0.3]]
    assert len(energy.containers) == 1


def test_removal_runs_from_none_to_all(shown):
    curves = {"a": np.array([1, 0.5, 0.1]), "random map": np.array([1, 0.9, 0.1])}
    explain.removal({"removed": curves, "shown": curves}, "probability", "words")
    [[fig, alt]] = shown
    assert alt == "words"
    left = fig.axes[0]
    assert left.lines[0].get_xdata().tolist() == [0, 50, 100]
    assert left.get_xlabel() == "pixels removed in %"
    assert [line.get_linestyle() for line in left.lines] == ["-", ":"]
