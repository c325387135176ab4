"""Figures of a recurrent network: that each draws what it is given, number by number."""

import numpy as np
import pytest

from medtutor.plots import recurrent


@pytest.fixture
def shown(figures_of):
    return figures_of(recurrent)


def words(fig):
    return [text.get_text() for text in fig.axes[0].texts if text.get_text()]


def lines(ax):
    return {line.get_label(): np.asarray(line.get_ydata()) for line in ax.get_lines()}


class TestUnrolled:
    def test_without_numbers_it_stands_folded_beside_its_steps(self, shown):
        recurrent.unrolled("plain", steps=3)
        found = words(shown["plain"])
        assert found.count("$h_t$") == 1
        for t in (1, 2, 3):
            assert {f"$x_{t}$", f"$h_{t}$", f"$y_{t}$"} <= set(found)
        assert "$h_4$" not in found
        assert (found.count("U"), found.count("W"), found.count("V")) == (4, 4, 4)

    def test_numbers_are_those_that_it_is_given(self, shown):
        h = [0.76159, 0.5]
        recurrent.unrolled(
            "numbers", steps=2, x=[1, 0], h=h, y=[1.5232, 1.0], dh=[-0.3, 0.125],
            weights={"W": 1, "U": 0.8, "V": 2},
        )  # fmt: skip
        found = words(shown["numbers"])
        assert "$h_1$\n0.762" in found
        assert "$y_1$ = 1.52" in found
        assert "$x_2$ = 0" in found
        assert found.count("U = 0.8") == 2
        assert {"$dh_1$ = -0.300", "$dh_2$ = +0.125"} <= set(found)
        assert "$h_t$" not in found

    def test_the_gradient_runs_between_steps_only(self, shown):
        three = [0.1, 0.2, 0.3]
        for alt, dh in (("forward", None), ("back", three)):
            recurrent.unrolled(alt, steps=3, x=three, h=three, y=three, dh=dh)
        arrows = {
            alt: sum(not t.get_text() for t in fig.axes[0].texts) for alt, fig in shown.items()
        }
        assert arrows["back"] - arrows["forward"] == 2


class TestCurves:
    def test_gradients_share_one_logarithmic_axis_and_one_legend(self, shown):
        back = np.arange(20)
        curves = {"half": 0.5**back, "level": np.ones(20)}
        recurrent.gradients(back, {"linear": curves, "tanh": curves}, "gradients")
        fig = shown["gradients"]
        assert [ax.get_title() for ax in fig.axes] == ["linear", "tanh"]
        assert {ax.get_ylim() for ax in fig.axes} == {fig.axes[0].get_ylim()}
        for ax in fig.axes:
            assert ax.get_yscale() == "log"
            assert np.array_equal(lines(ax)["half"], curves["half"])
        assert [t.get_text() for t in fig.legends[0].get_texts()] == ["half", "level"]

    def test_growth_names_its_steps(self, shown):
        radius = np.array([0.5, 1, 2])
        recurrent.growth(radius, {"linear": 7 * np.log10(radius)}, 7, "growth")
        ax = shown["growth"].axes[0]
        assert "7 steps" in ax.get_ylabel()
        assert np.array_equal(lines(ax)["linear"], 7 * np.log10(radius))

    def test_a_path_may_leave_the_picture(self, shown):
        u = np.linspace(0.7, 1.1, 9)
        recurrent.cliff(u, u**2, {"gone": [0.97, -40.0], "stays": [1.0] * 30}, "cliff")
        left, right = shown["cliff"].axes
        assert right.get_ylim() == (0.7, 1.1)
        assert left.get_xlim() == (0.7, 1.1)
        assert np.array_equal(lines(right)["gone"], [0.97, -40.0])


class TestIntervals:
    def test_truth_and_predictions_stand_at_the_same_beats(self, shown):
        truth, said = np.array([0.8, 0.5, 1.1]), np.array([0.8, 0.7, 0.9])
        recurrent.next_intervals({"one": (truth, {"a": said, "b": truth}),
                                  "two": (truth, {"a": said})}, "next")  # fmt: skip
        fig = shown["next"]
        assert len(fig.axes) == 2
        first = fig.axes[0]
        assert np.array_equal(lines(first)["what came"], truth)
        assert np.array_equal(lines(first)["a"], said)
        assert {tuple(line.get_xdata()) for line in first.get_lines()} == {(1, 2, 3)}
        named = [t.get_text() for t in fig.legends[0].get_texts()]
        assert named == ["what came", "a", "b"]

    def test_every_subject_lies_inside_and_the_diagonal_is_a_diagonal(self, shown):
        across, up = np.array([8.0, 60.0, 300.0]), np.array([12.0, 40.0, 310.0])
        recurrent.rivals(across, up, "rivals", names=("the mean", "the network"))
        ax = shown["rivals"].axes[0]
        assert ax.get_xlim() == ax.get_ylim()
        low, high = ax.get_xlim()
        assert low < 8
        assert high > 310
        diagonal, dots = ax.get_lines()
        assert np.array_equal(diagonal.get_xdata(), diagonal.get_ydata())
        assert np.array_equal(dots.get_ydata(), up)
        assert [t.get_text() for t in ax.get_xticklabels()] == ["10", "20", "50", "100", "200"]
        assert "the network" in ax.get_ylabel()
