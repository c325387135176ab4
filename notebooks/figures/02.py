"""Figures that lesson 02 alone draws."""

from collections.abc import Sequence

import numpy as np

from medtutor import plots
from medtutor.plots import FULL, INKS


@plots.styled
def received(
    pictures: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray],
    titles: Sequence[str],
    words: str,
) -> None:
    """Show on images how much gradient each pixel received."""
    fig, axes = plots.figure(1, len(pictures), height=FULL / len(pictures) * 0.95)
    colour = np.array([int(INKS[0][i : i + 2], 16) for i in (1, 3, 5)]) / 255
    for ax, picture, gradient, title in zip(axes[0], pictures, gradients, titles, strict=True):
        ax.imshow(picture)
        cover = np.empty((*gradient.shape, 4))
        cover[..., :3] = colour
        share = gradient / max(float(np.max(gradient)), 1e-12)
        cover[..., 3] = np.where(share > 0, 0.25 + 0.65 * share, 0)
        ax.imshow(cover)
        ax.set_title(title)
        ax.set_xlabel("pixels")
    axes[0, 0].set_ylabel("pixels")
    plots.show(fig, words)
