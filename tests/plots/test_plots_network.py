"""Figures of a network: that each draws what it is given and reaches the page with its text."""

import numpy as np
import pytest

from medtutor.plots import network


@pytest.fixture
def shown(figures_of):
    return figures_of(network)


def test_chain_names_layers_shapes_and_the_gradients_of_weights(shown):
    network.chain(["conv", "ReLU"], ["8x8", "6x6", "6x6"], ["k b", ""], "chain")
    ax = shown["chain"].axes[0]
    words = [text.get_text() for text in ax.texts if text.get_text()]
    assert sorted(words) == sorted(["conv", "ReLU", "8x8", "6x6", "6x6", "∂L/∂k\n∂L/∂b"])
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None]
    assert len(arrows) == 2 * 3 + 1  # there and back at three places, and one to the weights


@pytest.mark.parametrize(
    ("log", "scales"), [("", ("linear", "linear")), ("x", ("log", "linear")), ("xy", ("log",) * 2)]
)
def test_lines_are_told_apart_and_keep_their_values(shown, log, scales):
    x = np.array([1.0, 10.0, 100.0])
    network.lines(x, {"one": x, "two": 2 * x}, "step", "loss in nats", "lines", log=log)
    ax = shown["lines"].axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == scales
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss in nats")
    one, two = ax.get_lines()
    np.testing.assert_array_equal(two.get_ydata(), 2 * x)
    assert one.get_color() != two.get_color()
    assert one.get_linestyle() != two.get_linestyle()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["one", "two"]


def test_banks_share_one_scale_about_zero(shown):
    rng = np.random.default_rng(4)
    before = rng.normal(size=(5, 5, 3))
    network.banks({"before": before, "after": 3 * before}, "banks")
    panels = [ax for ax in shown["banks"].axes if ax.get_images()]
    assert len(panels) == 6
    most = np.abs(3 * before).max()
    assert {ax.get_images()[0].get_clim() for ax in panels} == {(-most, most)}
    np.testing.assert_array_equal(panels[4].get_images()[0].get_array(), 3 * before[..., 1])


def test_maps_show_the_image_and_every_channel(shown):
    first, second = np.zeros((6, 6, 3)), np.ones((2, 2, 5))
    first[0, 0, 2] = 4
    network.maps(np.eye(8), {"first": first, "second": second}, "maps", columns=4)
    panels = [ax.get_images()[0] for ax in shown["maps"].axes if ax.get_images()]
    assert [p.get_array().shape for p in panels] == [(8, 8)] + 3 * [(6, 6)] + 5 * [(2, 2)]
    assert {p.get_clim() for p in panels[1:4]} == {(0, 4)}
