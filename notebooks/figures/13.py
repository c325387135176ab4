"""The diagram of lesson 13: a U-Net, its way down, its way up and what goes across."""

from itertools import pairwise

from matplotlib.patches import Rectangle

from medtutor import plots
from medtutor.plots import COLOURS, FULL

TIMES = "\N{MULTIPLICATION SIGN}"
SIDES, FILTERS = (64, 32, 16, 8), (8, 16, 24, 32)


@plots.styled
def unet(words: str) -> None:
    """Draw maps as upright bars: as high as the image is, labelled with side and channels."""
    fig, axes = plots.figure(width=FULL, height=3.2)
    ax = axes[0, 0]
    down = [(k, 1.6 * k) for k in range(4)]
    up = [(k, 1.6 * (6 - k)) for k in (2, 1, 0)]
    for k, x in [*down, *up]:
        _maps(ax, x, k, COLOURS["sky"])
    _maps(ax, -1.6, 0, "#dddddd", f"image\n64 {TIMES} 64, 1")
    _maps(ax, 11.2, 0, "#dddddd", f"probability\n64 {TIMES} 64, 1")
    for (k, x), (_, to) in zip(down[:3], reversed(up), strict=True):
        _arrow(ax, (x + 0.3, _level(k)), (to - 0.3, _level(k)), COLOURS["green"], "--")
    for (k, x), (m, to) in pairwise(down):
        _arrow(ax, (x + 0.3, _level(k) - 0.4), (to - 0.3, _level(m) + 0.1), COLOURS["orange"])
    for (k, x), (m, to) in zip([down[3], *up[:2]], up, strict=True):
        _arrow(ax, (x + 0.3, _level(k) + 0.1), (to - 0.3, _level(m) - 0.4), COLOURS["blue"])
    for x in (-1.6, 9.6):
        _arrow(ax, (x + 0.3, 0), (x + 1.3, 0), COLOURS["black"])
    ax.text(4.8, 0.12, "skip: maps of the same size", ha="center", color=COLOURS["green"])
    ax.text(0.1, -2.9, "pooling halves", ha="center", color=COLOURS["orange"])
    ax.text(9.5, -2.9, "repeating doubles", ha="center", color=COLOURS["blue"])
    ax.set(xlim=(-2.6, 12.2), ylim=(-4.0, 1.5))
    ax.set_axis_off()
    plots.show(fig, words)


def _level(k: int) -> float:
    return -1.15 * k


def _maps(ax, x: float, k: int, fill: str, label: str = "") -> None:
    """Draw the maps of one size."""
    tall = 1.5 * SIDES[k] / 64 + 0.15
    wide = 0.1 if label else 0.12 + 0.1 * k
    corner = (x - wide / 2, _level(k) - tall / 2)
    ax.add_patch(Rectangle(corner, wide, tall, facecolor=fill, edgecolor=COLOURS["black"]))
    text = label or f"{SIDES[k]} {TIMES} {SIDES[k]}, {FILTERS[k]}"
    ax.text(x, _level(k) + tall / 2 + 0.08, text, ha="center", va="bottom", fontsize=9)


def _arrow(ax, start: tuple, end: tuple, colour: str, line: str = "-") -> None:
    style = {"arrowstyle": "->", "color": colour, "linestyle": line, "linewidth": 1.5}
    ax.annotate("", end, start, arrowprops=style)
