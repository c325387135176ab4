"""The general charts: what they draw, in the course's style, without touching the session's."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from medtutor import plots
from medtutor.errors import DataError
from medtutor.plots import charts, pictures, signals, style

RNG = np.random.default_rng(0)
PICTURE = RNG.random((8, 8))


@pytest.fixture
def shown(monkeypatch):
    """Catch the figures before they reach a page."""
    figures = {}

    def show(fig, alt):
        fig.canvas.draw()
        figures[alt] = fig

    for module in (style, charts, pictures, signals):
        monkeypatch.setattr(module, "show", show)
    return figures


def panels(fig):
    return [ax for ax in fig.axes if ax.get_label() != "<colorbar>"]


def test_importing_and_drawing_leaves_the_settings_of_the_session_alone(shown):
    before = dict(mpl.rcParams)
    plots.lines([1, 2], {"a": [1, 2]}, words="a figure")
    assert dict(mpl.rcParams) == before


def test_a_class_has_one_colour_in_every_chart(shown):
    for name in ("benign", "malignant", "V"):
        plots.lines([1, 2], {"first": [0, 0], name: [1, 2]}, words="a b")
        line = shown["a b"].axes[0].lines[1]
        assert to_hex(line.get_color()) == plots.CLASS_COLOURS[name].lower()
        plots.histogram({"first": [1, 2], name: [1, 2]}, words="a b", xlabel="score")
        bar = shown["a b"].axes[1].patches[0]
        assert to_hex(bar.get_facecolor()) == plots.CLASS_COLOURS[name].lower()


def test_curves_differ_in_more_than_colour(shown):
    plots.lines([1, 2], {str(k): [k, k] for k in range(4)}, words="a b", marker=True)
    drawn = {(line.get_linestyle(), line.get_marker()) for line in shown["a b"].axes[0].lines}
    assert len(drawn) == 4
    looks = [look for *_, look in plots.looks(dict.fromkeys("abcdef"))]
    assert len({look["linestyle"] for look in looks}) == len(looks) == 6


def test_steps_are_counted_in_whole_numbers(shown):
    plots.lines(np.arange(11), {"a": np.arange(11)}, words="a b", width=4)
    assert all(tick == int(tick) for tick in shown["a b"].axes[0].get_xticks())
    plots.lines(np.linspace(0, 1, 11), {"a": np.arange(11)}, words="a b", width=4)
    assert not all(tick == int(tick) for tick in shown["a b"].axes[0].get_xticks())


def test_a_legend_covers_no_bar(shown):
    plots.histogram({"a": [0, 0, 0, 5], "b": [1, 2]}, words="a b", xlabel="x", upright={"cut": 3})
    fig = shown["a b"]
    legend = fig.legends[0].get_window_extent()
    assert not any(legend.overlaps(ax.get_window_extent()) for ax in fig.axes)


def test_a_bar_of_greys_names_its_unit_where_the_unit_ends(shown):
    plots.images([PICTURE] * 4, list("abcd"), words="a b", unit=["HU"] * 2 + ["HU", "1"], columns=3)
    bars = [ax.get_ylabel() for ax in shown["a b"].axes if ax.get_label() == "<colorbar>"]
    assert bars == ["", "", "HU", "1"]


def test_an_interval_becomes_a_band_or_a_bar(shown):
    band = np.array([[1, 2], [0, 1], [2, 3]])
    plots.lines([1, 2], {"a": band}, words="a b")
    assert len(shown["a b"].axes[0].collections) == 1
    plots.bars(["x", "y"], {"a": band, "b": [1, 2]}, words="a b", write="{:.1f}")
    assert len(shown["a b"].axes[0].patches) == 4
    plots.intervals(
        {"one": (0.5, 0.4, 0.6), "two": {"": (0.7, np.nan, 0.8)}}, words="a b", xlabel="x"
    )
    assert [t.get_text() for t in shown["a b"].axes[0].get_yticklabels()] == ["one", "two"]


def test_charts_share_a_figure(shown):
    _, axes = plots.figure(1, 3)
    plots.points({"a": ([1, 2], [2, 1])}, ax=axes[0, 0], diagonal="equal")
    plots.matrix([[9, 1], [2, 8]], ["no", "yes"], ["no", "yes"], ax=axes[0, 1], write="{:.0f}")
    plots.roc({"a": ([0, 0.5, 1], [0, 0.9, 1])}, ax=axes[0, 2])
    assert not shown
    assert [t.get_text() for t in axes[0, 1].texts] == ["9", "1", "2", "8"]


def test_a_chart_without_a_text_is_refused():
    with pytest.raises(DataError, match="a figure without a text"):
        plots.lines([1, 2], {"a": [1, 2]})


def test_images_keep_their_scale_and_their_marks(shown):
    plots.images(
        [PICTURE, PICTURE],
        ["one", "two"],
        words="a b",
        limits=[(0, 1), (0, 2)],
        extent_mm=[(16, 16), (8, 8)],
        outlines=[PICTURE > 0.5, None],
        boxes=[[(1, 1, 3, 3)], []],
    )
    left, right = panels(shown["a b"])
    assert left.images[0].get_clim() == (0, 1)
    assert right.images[0].get_clim() == (0, 2)
    assert len(left.patches) == 1
    assert left.get_xlim() == (0, 16)


def test_a_sheet_has_a_row_for_each_name(shown):
    rows = {"picture": [PICTURE] * 3, "map": [PICTURE - 0.5] * 3}
    plots.sheet(rows, words="a b", titles=["x", "y", "z"], cmaps={"map": "RdBu_r"})
    axes = shown["a b"].axes
    assert [ax.get_ylabel() for ax in axes] == ["picture", "", "", "map", "", ""]
    low, high = axes[3].images[0].get_clim()
    assert low == -high


def test_cells_write_their_numbers(shown):
    plots.cells([np.array([[1, -2.5], [np.nan, 0]])], ["x"], words="a b", boxes=[[(0, 0, 1, 1)]])
    written = [t.get_text() for t in shown["a b"].axes[0].texts]
    assert written == ["1", "\N{MINUS SIGN}2.5", "", "0", "x"]


def test_a_strip_is_drawn_to_the_scale_of_ecg_paper(shown):
    signal = np.sin(np.arange(720) / 30)
    plots.strip(signal, 360, words="a b", marks={"R": np.array([50])}, symbols=([50], ["N"]))
    ax = shown["a b"].axes[0]
    assert ax.get_aspect() == pytest.approx(0.4)  # 25 mm a second, 10 mm a millivolt
    assert "N" in [t.get_text() for t in ax.texts]


def test_a_stack_has_lines_and_marks(shown):
    t = np.arange(500)
    plots.stack(
        {"a": np.sin(t / 30), "b": np.cos(t / 30)},
        360,
        words="a b",
        units=["mV", "z"],
        marks={"R": np.array([50])},
        lines={"b": {"other": np.sin(t / 20)}},
    )
    first, second = shown["a b"].axes
    assert (first.get_ylabel(), second.get_ylabel()) == ("mV", "z")
    assert len(second.lines) == 2


def test_losses_mark_the_lowest(shown):
    run = {"loss": [1, 0.5, 0.3], "val_loss": [1, 0.7, 0.8]}
    plots.losses({"one": run, "two": {"loss": [2, 1]}}, words="a b")
    assert shown["a b"].axes[0].lines[2].get_xdata() == [2]


def test_reliability_has_its_diagonal(shown):
    plots.reliability({"raw": ([0.2, 0.8], [0.3, 0.7], [0.1, 0.5], [0.5, 0.9])}, "x", words="a b")
    assert "share of x" in shown["a b"].axes[0].get_ylabel()


def test_a_thin_line_over_a_grey_image_keeps_its_colour():
    fig, axes = plots.figure(width=4, height=3)
    noise = np.random.default_rng(0).normal(size=(200, 300))
    axes[0, 0].imshow(noise, cmap="gray")
    axes[0, 0].plot([50, 250], [50, 150], color=plots.COLOURS["yellow"], linewidth=1)
    with Image.open(io.BytesIO(style.png(fig))) as image:
        colours = np.asarray(image.convert("RGB")).astype(int)
    assert np.count_nonzero(np.ptp(colours, axis=2) > 100) > 100


def test_a_figure_becomes_a_small_png_with_its_words(monkeypatch):
    said = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: said.append((a, k)))
    fig, axes = plots.figure(width=4, height=2)
    axes[0, 0].imshow(PICTURE)
    plots.show(fig, "noise, grey & even")
    (picture,), more = said[0]
    assert more["metadata"]["image/png"]["alt"] == "noise, grey & even"
    assert "grey &amp; even" in said[1][0][0]["text/html"]
    with Image.open(io.BytesIO(picture["image/png"])) as image:
        assert image.mode == "P"
    assert len(picture["image/png"]) < 20_000
