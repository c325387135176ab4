"""Figures that a reader moves, in the notebook and on the site, without a kernel.

A lesson computes every state beforehand; ``knobs.js`` chooses among them. Two outputs follow each
other. The first is the still picture at the start, a PNG with its alternative text as under every
figure: GitHub shows it, paper, a notebook that is not trusted, and whatever runs no script; and
strict comparisons leave PNGs out, whose bytes differ from machine to machine. The second is HTML
that draws itself with plain JavaScript and hides the first on a screen. It needs no network and no
library, and its bytes follow from the numbers alone.

In an array that moves, one axis for each knob comes first, of length 1 where that knob does
nothing; an array without these axes stays.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from medtutor.errors import DataError
from medtutor.language import say
from medtutor.plots import pictures, style

LARGEST = 150_000  # bytes of a figure that moves
DASHES = ("", "7 4", "7 3 2 3", "2 3")  # those of `plots`, for SVG
Panel = dict[str, Any]


class Moving:
    """Numbers by the states of the knobs; the last `inner` axes are what is drawn."""

    def __init__(self, numbers: Any, inner: int) -> None:
        given = np.asarray(numbers, float)
        self.numbers = np.where(np.isfinite(given), given, np.nan)
        cut = given.ndim - inner
        self.moves, self.shape = given.shape[:cut], given.shape[cut:]

    def at(self, state: Sequence[int]) -> np.ndarray:
        """Take the numbers of one state."""
        return self.numbers[tuple(k % n for k, n in zip(state, self.moves, strict=False))]

    def packed(self, sizes: Sequence[int]) -> dict[str, Any]:
        """Round to 16 bits, with as many decimals as fit."""
        wrong = [n for n, s in zip(self.moves, sizes, strict=False) if n not in (1, s)]
        if wrong or len(self.moves) not in (0, len(sizes)):
            raise DataError(
                f"an array of shape {self.numbers.shape} does not fit knobs of {[*sizes]} places",
                remedy="Give one axis for each knob first, of length 1 where it does nothing.",
            )
        most = float(np.nanmax(np.abs(self.numbers), initial=1e-9))
        digits = int(np.floor(np.log10(32_767 / most)))
        whole = np.nan_to_num(np.round(self.numbers * 10.0**digits), nan=-32_768).astype("<i2")
        data = b64encode(whole.tobytes()).decode()
        return {"moves": self.moves, "shape": self.shape, "digits": digits, "data": data}


def window(image: np.ndarray, *, title: str, unit: str = "HU") -> Panel:
    """Make a panel of an image (h, w) whose grey scale the first two knobs centre and stretch."""
    return {"kind": "window", "title": title, "unit": unit, "image": Moving(image, 2), "wide": 320}


def cells(
    numbers: np.ndarray,
    *,
    title: str,
    frame: Any = (0, 0, 0, 0),
    tinted: Any = None,
    heads: tuple[Sequence[str], Sequence[str]] = ((), ()),
    side: int = 33,
) -> Panel:
    """Make a panel of numbers (…, h, w), with a frame (…, first row, first column, rows, columns).

    NaN is no cell; `heads` name rows and columns, `side` is a cell's in pixels.
    """
    tinted = np.zeros(np.shape(numbers)[-2:]) if tinted is None else tinted
    moving = {"cells": Moving(numbers, 2), "tinted": Moving(tinted, 2), "frame": Moving(frame, 1)}
    wide = side * np.shape(numbers)[-1] + 8 * max(map(len, heads[0]), default=0) + 16
    return {"kind": "cells", "title": title, "heads": heads, "side": side, "wide": wide} | moving


def curves(
    named: Mapping[str, tuple[Any, Any]],
    *,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    dots: Sequence[str] = (),
    wide: int = 332,
    **texts: str,
) -> Panel:
    """Make a panel of curves: legend to x and y, each (…, n); those in `dots` are points.

    `texts` are `title`, `xlabel` and `ylabel`; `wide` is the width in pixels.
    """
    panel: Panel = {"kind": "curves", "wide": wide, **texts}
    for axis, (low, high) in (("x", xlim), ("y", ylim)):
        ticks = np.round(MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high), 6)
        panel[f"{axis}lim"] = [float(low), float(high)]
        panel[f"{axis}ticks"] = [float(t) for t in ticks if low <= t <= high]
    panel["curves"] = [
        {"name": name, "x": Moving(x, 1), "y": Moving(y, 1), "ink": style.look(name, k)["color"]}
        | {"dots": name in dots, "dash": "" if name in dots else DASHES[k % 4]}
        for k, (name, (x, y)) in enumerate(named.items())
    ]
    return panel


def show(
    knobs: Mapping[str, Sequence[Any]],
    panels: Sequence[Panel],
    *,
    words: str,
    start: Sequence[Any],
    says: str = "",
    numbers: Sequence[Any] = (),
) -> None:
    """Put a figure on the page that its reader moves.

    Parameters
    ----------
    knobs : mapping of str to sequence
        Label, with its unit, to the values that the knob goes through.
    panels : sequence of Panel
        What `window`, `cells` and `curves` make.
    words : str
        Name of the figure's text in the lesson's ``figures/NN.toml``.
    start : sequence
        Value of each knob at the start, and in the still picture.
    says : str
        Sentence below the knobs, with a place such as ``{:.2f}`` for each of `numbers`.
    numbers : sequence of array_like
        Values for `says`, each with one axis for each knob.

    Raises
    ------
    DataError
        If there is no text of that name, an array does not fit the knobs, or the figure is larger
        than 150 KB.

    Examples
    --------
    >>> x = np.arange(5)
    >>> line = curves({"a line": (x, np.outer([1, 2], x))}, xlim=(0, 4), ylim=(0, 8), title="slope",
    ...               xlabel="x", ylabel="y")
    >>> show({"slope": [1, 2]}, [line], words="a line", start=[1])  # doctest: +SKIP
    """
    from IPython.display import display

    text = style.alternative_text(words)
    state = [list(values).index(value) for values, value in zip(knobs.values(), start, strict=True)]
    told = [Moving(array, 0) for array in numbers]
    moving = _html(knobs, panels, state, says, told, text)
    line = ", ".join(f"{label}: {value}" for label, value in zip(knobs, start, strict=True))
    line += "\n" + says.format(*(float(array.at(state)) for array in told))
    picture = {"image/png": _still(panels, state, start, line), "text/plain": f"Figure: {text}"}
    display(picture, raw=True, metadata={"image/png": {"alt": text}})
    display({"text/html": moving, "text/plain": ""}, raw=True)


def _html(
    knobs: Mapping[str, Sequence[Any]],
    panels: Sequence[Panel],
    state: Sequence[int],
    says: str,
    told: Sequence[Moving],
    text: str,
) -> str:
    """Write the moving figure as HTML that stands alone."""
    sizes = [len(values) for values in knobs.values()]
    turned = [
        {"label": label, "values": [str(v) for v in values], "start": k}
        for (label, values), k in zip(knobs.items(), state, strict=True)
    ]
    numbers = []
    for array, digits in zip(told, re.findall(r"\{:\.(\d)f\}", says), strict=True):
        exact = [None if np.isnan(v) else round(v, int(digits)) for v in array.numbers.flat]
        numbers.append(array.packed(sizes) | {"values": exact, "data": ""})
    figure = {"knobs": turned, "panels": panels, "says": says, "numbers": numbers}
    data = json.dumps(figure, default=lambda array: array.packed(sizes), separators=(",", ":"))
    data = data.replace("<", r"\u003c")  # no text closes the script
    summary = say("Figure in words")
    words = f"<details><summary>{summary}</summary>{escape(text)}</details>"
    page = f"<div></div>{words}<script>({code()})(document.currentScript, {data})</script>"
    if len(page) > LARGEST:
        raise DataError(f"a moving figure of {len(page) // 1000} KB; at most {LARGEST // 1000}")
    return page


def code() -> str:
    """Read the JavaScript as it goes into each figure, without comments and indentation."""
    lines = map(str.strip, files("medtutor").joinpath("knobs.js").read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


@style.styled
def _still(panels: Sequence[Panel], state: Sequence[int], start: Sequence[Any], line: str) -> bytes:
    """Draw one state as a picture."""
    wide = [panel["wide"] for panel in panels]
    fig, axes = style.figure(1, len(panels), height=4.0, gridspec_kw={"width_ratios": wide})
    fig.suptitle(re.sub(r"-(?=\d)", "\N{MINUS SIGN}", line), fontsize=10)
    for ax, panel in zip(axes[0], panels, strict=True):
        ax.set_title(panel["title"])
        if panel["kind"] == "curves":
            for k, curve in enumerate(panel["curves"]):
                dash, marker = ("none", "o") if curve["dots"] else (style.DASHES[k % 4], None)
                look = {"color": curve["ink"], "linestyle": dash, "marker": marker}
                ax.plot(curve["x"].at(state), curve["y"].at(state), label=curve["name"], **look)
            ax.set(**{name: panel[name] for name in ("xlim", "ylim", "xlabel", "ylabel")})
            ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.2))
        elif panel["kind"] == "cells":
            _still_cells(ax, panel, state)
        else:
            limits = {"vmin": start[0] - start[1] / 2, "vmax": start[0] + start[1] / 2}
            shown = ax.imshow(panel["image"].at(state), **limits)
            fig.colorbar(shown, ax=ax, label=panel["unit"], fraction=0.046)
            ax.set(xlabel="pixels", ylabel="pixels")
    return style.png(fig)


def _still_cells(ax: Axes, panel: Panel, state: Sequence[int]) -> None:
    """Draw a table, without what is empty below and to the right of it."""
    array, (down, across) = panel["cells"].at(state), panel["heads"]
    there, frame = np.isfinite(array), panel["frame"].at(state)
    ends = {"xlim": (-0.05, array.shape[1] + 0.05), "ylim": (array.shape[0] + 0.05, -0.05)}
    ax.set(**ends, aspect="equal", anchor="N")
    array = array[: there.any(axis=1).sum(), : there.any(axis=0).sum()]
    tinted = panel["tinted"].at(state).astype(bool)
    pictures.numbers(ax, array, 0, 0, tinted, panel["side"] / 80)
    pictures.windows(ax, [frame] if frame.any() else [], 0, 0)
    ax.set_xticks(np.arange(len(across)) + 0.5, across)
    ax.set_yticks(np.arange(len(down)) + 0.5, down)
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    ax.spines[:].set_visible(False)
