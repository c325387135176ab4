"""Style of the figures, and how they reach the page.

Colours are those of Okabe and Ito, told apart by colour-blind readers; curves also differ in line
style or marker. Figures are drawn at 80 dots per inch and reduced to 64 colours: a lesson with all
its pictures stays under 400 KB.
"""

import html
import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from PIL import Image

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
FULL = 8.6  # inches: the width of a notebook page
HALF = 5.0
DPI = 80
# Set for the whole session: Matplotlib reads some of these when a thing is drawn, not when its
# figure is opened.
mpl.rcParams.update({
    "axes.prop_cycle": cycler(color=list(COLOURS.values())[:6]),
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
})  # fmt: skip


def figure(
    rows: int = 1, columns: int = 1, width: float = FULL, height: float = 3.0, **options: Any
) -> tuple[Figure, np.ndarray]:
    """Open a figure in the course's style.

    Parameters
    ----------
    rows, columns : int
        Number of panels.
    width, height : float
        Size in inches.
    **options
        Passed on to `Figure.subplots`.

    Returns
    -------
    figure : Figure
        Drawn with `show`; not known to pyplot, so nothing is shown twice and nothing leaks.
    axes : ndarray of Axes, shape (rows, columns)
        The panels, always as a two-dimensional array.
    """
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.subplots(rows, columns, squeeze=False, **options)


def show(fig: Figure, alt: str) -> None:
    """Put a figure on the page with its alternative text.

    Parameters
    ----------
    fig : Figure
        The finished figure.
    alt : str
        What the figure shows, in one or two sentences, for readers who do not see it. Without
        numbers that change from machine to machine.

    Notes
    -----
    The text travels in the output's metadata, where page exporters look for it. JupyterLab ignores
    that place, so the same text also follows the picture, folded away, where a screen reader (and
    anybody else) can open it.
    """
    from IPython.display import display

    picture = {"image/png": png(fig), "text/plain": f"Figure: {alt}"}
    display(picture, raw=True, metadata={"image/png": {"alt": alt}})
    words = f"<details><summary>Figure in words</summary>{html.escape(alt)}</details>"
    display({"text/html": words, "text/plain": ""}, raw=True)


def png(fig: Figure, dpi: int = DPI) -> bytes:
    """Render a figure to a small PNG."""
    raw = io.BytesIO()
    # "tight": nothing that stands outside of the axes is cut off
    fig.savefig(raw, format="png", dpi=dpi, bbox_inches="tight", metadata={"Software": None})
    raw.seek(0)
    with Image.open(raw) as picture:
        reduced = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    small = io.BytesIO()
    reduced.save(small, format="png", optimize=True)
    return small.getvalue()
