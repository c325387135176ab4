"""Figures of lesson 16: times stay out of stored lessons, and the live plot ends in a still one."""

import IPython.display
import numpy as np
import pytest

from medtutor import ledger
from medtutor.ecg.stream import Reading
from medtutor.plots import realtime

GAP = range(20, 26)
READINGS = [
    Reading(float(t), np.nan, np.nan, np.nan, 0.0, "missing")
    if t in GAP
    else Reading(float(t), 70.0 + t / 10, 68.0, 75.0, 0.8, "")
    for t in range(1, 41)
]


@pytest.fixture
def page(monkeypatch):
    """Collect what reaches the page: bundles with their metadata, and updates of live pictures."""
    shown = []

    class Handle:
        def update(self, bundle, raw):
            shown.append(("update", bundle, {}))

    def display(bundle, raw, metadata=None, display_id=None):
        shown.append(("display", bundle, metadata or {}))
        return Handle() if display_id else None

    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    return shown


def volatile(page):
    return [metadata.get(ledger.VOLATILE, False) for _, _, metadata in page]


class TestTimes:
    def test_a_table_has_its_cells_twice_and_is_not_stored(self, page):
        realtime.table(["what", "median"], [["a <b>", "1.25 ms"]])
        ((_, bundle, _),) = page
        assert "a &lt;b&gt;" in bundle["text/html"]
        assert bundle["text/plain"].splitlines() == ["what    median", "a <b>  1.25 ms"]
        assert volatile(page) == [True]

    def test_neither_is_a_figure_of_times(self, page):
        realtime.batch_cost(np.array([1, 8]), {"call": np.array([0.1, 0.2])}, alt="times")
        assert volatile(page) == [True, True]
        assert page[0][1]["text/plain"] == "Figure: times"


class TestLive:
    def test_without_a_browser_there_is_one_picture_and_it_is_always_the_same(self, page):
        assert realtime.live(iter(READINGS), alt="rates") == READINGS
        realtime.monitor(READINGS, alt="rates")
        pictures = [bundle["image/png"] for _, bundle, _ in page if "image/png" in bundle]
        assert len(pictures) == 2
        assert pictures[0] == pictures[1]
        assert volatile(page) == [False] * 4

    def test_in_jupyterlab_it_grows_and_ends_in_the_same_picture(self, page, monkeypatch):
        monkeypatch.setenv("JPY_SESSION_NAME", "lesson.ipynb")
        realtime.live(iter(READINGS), alt="rates")
        kinds = [(kind, "image/png" in bundle) for kind, bundle, _ in page]
        assert kinds[:4] == [("display", True), *[("update", True)] * 3]
        assert kinds[4] == ("update", False)  # the growing picture makes room
        assert kinds[5] == ("display", True)
        growing = [bundle["image/png"] for _, bundle, _ in page[:4]]
        assert len(set(growing)) == 4

    @pytest.mark.parametrize("readings", [[], READINGS[:1], [READINGS[19]], READINGS[19:25]])
    def test_few_readings_and_none_with_a_rate_are_drawn(self, page, readings):
        assert realtime.live(iter(readings), alt="rates") == readings
        assert "image/png" in page[0][1]

    def test_each_silence_is_named_once(self):
        assert realtime._silences(READINGS) == [(19, 24, "missing")]


def test_the_grid_shows_every_weight_within_half_a_step(monkeypatch):
    drawn = {}
    monkeypatch.setattr(realtime, "show", lambda fig, alt: drawn.update({alt: fig}))
    weights = np.random.default_rng(0).normal(size=4000)
    scale = np.abs(weights).max() / 127
    realtime.grid(weights, scale, 0, alt="grid")
    error = drawn["grid"].axes[1].get_lines()[0].get_ydata()
    assert 1000 < len(error) < 3000
    assert np.abs(error).max() <= 0.5 + 1e-9
