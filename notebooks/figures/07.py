"""Diagrams of lesson 07."""

import numpy as np

from medtutor import plots

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
