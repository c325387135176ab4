"""Figures of federated learning: what they draw, and that each reaches the page with its text."""

import numpy as np
import pytest

from medtutor.plots import federated

RNG = np.random.default_rng(0)


@pytest.fixture
def shown(monkeypatch):
    """Collect the figures that would be shown, with their texts."""
    figures = []

    def show(fig, alt):
        fig.canvas.draw()
        figures.append((fig.axes, alt))

    monkeypatch.setattr(federated, "show", show)
    return figures


def test_skew_counts_every_sample(shown):
    values = [RNG.uniform(3, 30, n) for n in (10, 25)]
    labels = [RNG.integers(0, 2, n) for n in (10, 25)]
    federated.skew([np.zeros((4, 4))] * 2, values, labels, "AB", ("no", "yes"), "mm", "words")
    [axes, alt] = shown[0]
    assert alt == "words"
    assert [ax.get_title() for ax in axes[:2]] == ["A", "B"]
    heights = [sum(patch.get_height() for patch in ax.patches) for ax in axes[2:4]]
    assert heights == [10, 25]
    assert axes[2].get_ylim() == axes[3].get_ylim()


def test_a_matrix_writes_its_numbers_and_a_dash_for_none(shown):
    federated.matrix(np.array([[0.9, np.nan]]), ["one"], ["A", "B"], "AUC", "words")
    axes, _ = shown[0]
    assert [t.get_text() for t in axes[0].texts] == ["0.90", "-"]


def test_rounds_start_at_none(shown):
    federated.rounds({"a": [3, 2, 1], "b": [3, 1]}, "loss", "words", {"central": 0.5}, mark=1)
    axes, _ = shown[0]
    curve = next(line for line in axes[0].lines if line.get_label() == "a")
    assert list(curve.get_xdata()) == [0, 1, 2]
    assert "central" in [text.get_text() for text in axes[0].get_legend().get_texts()]


def test_masked_shows_three_stages(shown):
    own = RNG.normal(size=(4, 6))
    sent = RNG.integers(0, 2**32, (4, 6), np.uint32)
    federated.masked(own, sent, own.sum(axis=0), "ABCD", "words")
    axes, _ = shown[0]
    assert len(axes) == 3
    assert np.ptp(axes[1].lines[0].get_ydata()) <= 1
    np.testing.assert_allclose(axes[2].lines[0].get_ydata(), axes[2].lines[1].get_ydata())


def test_lengths_mark_the_clip(shown):
    federated.lengths(RNG.uniform(0, 3, 50), 1.0, "words")
    axes, _ = shown[0]
    assert set(axes[0].lines[0].get_xdata()) == {1.0}
    assert sum(patch.get_height() for patch in axes[0].patches) == 50
