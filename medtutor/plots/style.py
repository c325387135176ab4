"""Style of the figures, and how they reach the page with their alternative text.

Colours are those of Okabe and Ito, told apart by colour-blind readers; curves also differ in line
style and marker. Figures are drawn at 80 dots per inch and reduced to 96 colours: a lesson with all
its pictures stays under 400 KB. The style holds while a figure of the course is made and leaves the
session's own Matplotlib settings alone.
"""

import html
import io
import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from PIL import Image

from medtutor import language, paths
from medtutor.errors import DataError

# Okabe & Ito, Color Universal Design, 2008
COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "blue": "#0072B2",
        "orange": "#D55E00",
        "green": "#009E73",
        "pink": "#CC79A7",
        "sky": "#56B4E9",
        "yellow": "#E69F00",
        "black": "#000000",
        "grey": "#767676",
    }
)
INKS = tuple(COLOURS.values())[:6]
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P")
# One colour for a class through the whole course; a name that is not here takes its turn.
CLASS_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "benign": COLOURS["blue"],
        "malignant": COLOURS["orange"],
        "N": COLOURS["blue"],
        "V": COLOURS["orange"],
        "S": COLOURS["green"],
        "A": COLOURS["green"],
        "F": COLOURS["pink"],
    }
)
FULL = 8.6  # inches: the width of a notebook page
HALF = 5.0
DPI = 80
LESSON = "MEDTUTOR_LESSON"  # number of the lesson that draws; `medtutor.lesson.begin` sets it
STYLE = {
    "axes.prop_cycle": cycler(color=INKS),
    "axes.grid": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "font.size": 10,
    "font.family": "DejaVu Sans",  # comes with Matplotlib: the same on every machine
    "legend.frameon": False,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}
# Matplotlib reads some of these when a thing is drawn and not when its figure is opened, so
# whatever draws stands under this, as ``@styled`` above a function.
styled = mpl.rc_context(STYLE)


def figure(
    rows: int = 1, columns: int = 1, width: float = FULL, height: float = 3.0, **options: Any
) -> tuple[Figure, np.ndarray]:
    """Open a figure in the course's style.

    Parameters
    ----------
    rows, columns : int
        Number of panels.
    width, height : float
        In inches.
    **options
        Passed on to `Figure.subplots`.

    Returns
    -------
    figure : Figure
        Drawn with `show`; not known to pyplot, so nothing is shown twice and nothing leaks.
    axes : ndarray of Axes, shape (rows, columns)
        The panels, always as a two-dimensional array.

    Examples
    --------
    >>> fig, axes = figure(1, 2)
    >>> axes.shape
    (1, 2)
    """
    with mpl.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, fig.subplots(rows, columns, squeeze=False, **options)


def look(name: str, k: int) -> dict[str, Any]:
    """Colour of the k-th thing: its class's own, or the next of the palette."""
    return {"color": CLASS_COLOURS.get(name, INKS[k % len(INKS)])}


def curve_look(name: str, k: int) -> dict[str, Any]:
    """Colour and line style of the k-th curve."""
    return {**look(name, k), "linestyle": DASHES[k % 6]}


def alternative_text(words: str) -> str:
    """Look a figure's text up in the lesson's file; what has a space in it is the text itself."""
    if " " in words:
        return language.say(words)
    lesson = os.environ.get(LESSON, "")
    path = paths.notebooks() / "figures" / f"{lesson}.toml"
    texts = _texts(str(path))
    if words not in texts:
        raise DataError(
            f"no text for the figure {words!r}", path, f'Add a line {words} = "…" to it.'
        )
    return language.taught(lesson, texts[words])


@cache
def _texts(path: str) -> dict[str, str]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}


def show(fig: Figure, words: str) -> None:
    """Put a figure on the page with its alternative text.

    Parameters
    ----------
    fig : Figure
        The finished figure.
    words : str
        Name of its text in the lesson's ``figures/NN.toml``; or the text itself: what the figure
        shows, in one or two sentences, for readers who do not see it.

    Raises
    ------
    DataError
        If the name is not in the lesson's file.

    Notes
    -----
    The text travels in the output's metadata, where page exporters look for it. JupyterLab ignores
    that place, so the same text also follows the picture, folded away, where a screen reader (and
    anybody else) can open it.

    Examples
    --------
    >>> fig, axes = figure(width=2, height=1)
    >>> show(fig, "an empty panel")  # doctest: +SKIP
    """
    from IPython.display import display

    text = alternative_text(words)
    picture = {"image/png": png(fig), "text/plain": f"Figure: {text}"}
    display(picture, raw=True, metadata={"image/png": {"alt": text}})
    summary = language.say("Figure in words")
    details = f"<details><summary>{summary}</summary>{html.escape(text)}</details>"
    display({"text/html": details, "text/plain": ""}, raw=True)


def png(fig: Figure) -> bytes:
    """Render a figure to a small PNG."""
    raw = io.BytesIO()
    with mpl.rc_context(STYLE):
        # "tight": nothing that stands outside of the axes is cut off
        fig.savefig(raw, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
    raw.seek(0)
    with Image.open(raw) as picture:
        # Maximum coverage: a thin line in colour over a grey image keeps its colour, where the
        # median cut gives the whole palette to the greys.
        reduced = picture.convert("RGB").quantize(
            96, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
    small = io.BytesIO()
    reduced.save(small, format="png", optimize=True)
    return small.getvalue()


def looks(
    named: Mapping[str, Any], dots: bool = False
) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Go through named things, each with its colour and its line style, or its marker."""
    for (name, value), ink, line, marker in zip(named.items(), INKS, DASHES, MARKERS, strict=False):
        style = {"linestyle": "none", "marker": marker} if dots else {"linestyle": line}
        yield name, value, {"color": ink, **style}
