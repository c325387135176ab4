"""Diagrams of lesson 10."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps

from medtutor import plots


@plots.styled
def maps(
    pictures: Sequence[np.ndarray],
    maps: Mapping[str, Sequence[np.ndarray]],
    rows: Sequence[str],
    outlines: Sequence[np.ndarray],
    words: str,
    limits: tuple[float, float] = (-0.2, 1.4),
) -> None:
    """Show images and beside each its maps: a row for each image, a column for each method.

    What is below 0 is shown as 0, and each map from 0 to its own largest value.
    """
    side = min(plots.FULL / (len(maps) + 1.4), 2.1)
    size = {"width": side * (len(maps) + 1.4), "height": len(pictures) * side + 0.75}
    fig, axes = plots.figure(len(pictures), len(maps) + 1, sharex=True, sharey=True, **size)
    # Few colours each: the picture is stored with 64, which a map and an image have to share.
    greys, colours = colormaps["gray"].resampled(24), colormaps["viridis"].resampled(16)
    for k, picture in enumerate(pictures):
        axes[k, 0].imshow(picture, vmin=limits[0], vmax=limits[1], cmap=greys)
        axes[k, 0].set_ylabel(rows[k])
        for ax, found in zip(axes[k, 1:], maps.values(), strict=True):
            shown = np.maximum(found[k], 0)
            drawn = ax.imshow(shown / (shown.max() or 1.0), vmin=0, vmax=1, cmap=colours)
        for column, ax in enumerate(axes[k]):
            ax.set(xticks=[], yticks=[])
            if outlines[k].any():
                colour = plots.COLOURS["yellow"] if column == 0 else "white"
                ax.contour(outlines[k], [0.5], colors=colour, linewidths=1.2)
    for ax, title in zip(axes[0], ["image", *maps], strict=True):
        ax.set_title(title.replace("_", "\n"), fontsize=10)
    bar = fig.colorbar(drawn, ax=axes, location="bottom", fraction=0.03, pad=0.02, aspect=50)
    bar.set_ticks([0, 1], labels=["0", "largest of each map"])
    plots.show(fig, words=words)
