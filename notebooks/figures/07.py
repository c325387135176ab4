"""Diagrams of lesson 07."""

import numpy as np

from medtutor import knobs, plots

TISSUES = {  # from HU, to HU, colour
    "lung": (-920, -700, "blue"),
    "fat": (-120, -60, "yellow"),
    "muscle": (10, 75, "orange"),
    "blood with contrast agent": (120, 230, "pink"),
    "bone": (250, 1200, "green"),
}


@plots.styled
def hu_histogram(hu: np.ndarray) -> None:
    """Show how often each HU value occurs, with the usual ranges of some tissues."""
    fig, axes = plots.figure(height=2.8)
    ax = axes[0, 0]
    ax.hist(hu.ravel(), bins=np.arange(-1050, 1300, 25), color=plots.COLOURS["grey"])
    for name, (low, high, colour) in TISSUES.items():
        ax.axvspan(low, high, color=plots.COLOURS[colour], alpha=0.3)
        above = 1.11 if low == 120 else 1.02  # a long name between two short ones
        place = ((low + high) / 2, above)
        ax.text(*place, name, fontsize=9, ha="center", transform=ax.get_xaxis_transform())
    ax.set(xlabel="value in HU", ylabel="pixels")
    plots.show(fig, words="hu_histogram")


def window_to_turn(hu: np.ndarray, words: str) -> None:
    """Let centre and width of the window be turned, over the slice and over its histogram."""
    c, w = np.arange(-1000, 1001, 40), np.array([100, 200, 400, 800, 1200, 1500, 1800, 2100, 2500])
    low, ordered = c[:, None] - w / 2, np.sort(hu, axis=None)
    black = np.searchsorted(ordered, low, side="right") / hu.size
    white = 1 - np.searchsorted(ordered, low + w, side="left") / hu.size
    counts, edges = np.histogram(hu, np.arange(-1050, 1301, 25))
    bends = np.stack(np.broadcast_arrays(-1050, low, low + w, 1300), axis=-1).clip(-1050, 1300)
    grey = np.clip((bends - low[..., None]) / w[:, None], 0, 1)
    by_value = knobs.curves(
        {
            "pixels (1: the fullest bin)": (edges[:-1] + 12.5, counts / counts.max()),
            "grey of each value": (bends, grey),
        },
        title="its pixels by value",
        xlabel="value in HU",
        ylabel="grey (0: black, 1: white)",
        xlim=(-1050, 1300),
        ylim=(0, 1),
    )
    knobs.show(
        {"centre c in HU": c, "width w in HU": w},
        [knobs.window(hu, title="the slice"), by_value],
        start=(-600, 1500),
        says="{:.0f} % of the pixels are black, {:.0f} % are white.",
        numbers=[100 * black, 100 * white],
        words=words,
    )
