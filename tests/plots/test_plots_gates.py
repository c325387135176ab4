"""Figures of an LSTM: that each draws what it is given and reaches the page with its text."""

import numpy as np
import pytest

from medtutor.plots import gates


@pytest.fixture
def shown(figures_of):
    return figures_of(gates)


@pytest.fixture
def traces():
    rng = np.random.default_rng(6)
    return {name: rng.uniform(0, 1, (12, 3)) for name in "ifgoch"}


def lines(ax):
    return [np.asarray(line.get_ydata()) for line in ax.get_lines()]


class TestCell:
    def test_names_every_part_of_the_formula(self, shown):
        gates.cell("cell")
        words = {text.get_text() for text in shown["cell"].axes[0].texts}
        assert {f"${name}_t$" for name in "ifgoc"} <= words
        assert {"forget", "write", "show", "$h_t$", "$x_t$", "$c_{t-1}$", "$h_{t-1}$"} <= words


class TestOverTime:
    def test_draws_a_panel_for_each_trace_with_the_unit_on_top(self, shown, traces):
        time = np.arange(12) / 45
        gates.over_time(time, traces, {"ECG": (time, np.ones(12))}, "one", unit=1)
        first, *panels = shown["one"].axes
        assert len(panels) == 6
        assert np.array_equal(lines(first)[0], np.ones(12))
        for ax, values in zip(panels, traces.values(), strict=True):
            drawn = lines(ax)
            assert len(drawn) == 3
            assert np.array_equal(drawn[-1], values[:, 1])

    def test_gates_share_the_scale_from_0_to_1(self, shown, traces):
        gates.over_time(np.arange(12), traces, {"x": (np.arange(12), np.ones(12))}, "two")
        panels = dict(zip(traces, shown["two"].axes[1:], strict=True))
        limits = {panels[name].get_ylim() for name in "ifo"}
        assert len(limits) == 1
        low, high = limits.pop()
        assert low < 0 < 1 < high < 1.5

    def test_one_unit_alone_and_marks_in_every_panel(self, shown, traces):
        single = {name: values[:, :1] for name, values in traces.items()}
        inputs = {name: (np.arange(12), np.zeros(12)) for name in ("reset", "pause")}
        gates.over_time(np.arange(12), single, inputs, "three", marks=np.array([3, 7]))
        for ax in shown["three"].axes:
            at = [line.get_xdata()[0] for line in ax.get_lines() if len(line.get_xdata()) == 2]
            assert at[-2:] == [3, 7]


class TestCurves:
    def test_gradients_are_drawn_on_a_logarithmic_axis(self, shown):
        curve = 0.5 ** np.arange(20)
        gates.gradients(np.arange(20), {"half": curve, "level": np.ones(20)}, "four")
        ax = shown["four"].axes[0]
        assert ax.get_yscale() == "log"
        assert np.array_equal(lines(ax)[0], curve)
        names = [text.get_text() for text in shown["four"].legends[0].get_texts()]
        assert names == ["half", "level"]

    def test_each_unit_has_its_number_at_its_dot(self, shown):
        gates.looks_and_matters([0.1, 0.4, 0.2], [5.0, -1.0, 20.0], "five")
        ax = shown["five"].axes[0]
        dots = {text.get_text(): text.xy for text in ax.texts}
        assert dots == {"0": (0.1, 5.0), "1": (0.4, -1.0), "2": (0.2, 20.0)}
