# ruff: noqa: F401
"""What the figures of the lessons share: the style, the general charts, images and signals.

A figure that only one lesson needs stands beside that lesson, in ``notebooks/figures``.
"""

from medtutor.plots.charts import (
    bars,
    histogram,
    intervals,
    lines,
    losses,
    matrix,
    points,
    reliability,
    roc,
)
from medtutor.plots.pictures import cells, images, sheet
from medtutor.plots.signals import stack, strip
from medtutor.plots.style import (
    CLASS_COLOURS,
    COLOURS,
    DASHES,
    FULL,
    HALF,
    INKS,
    MARKERS,
    figure,
    looks,
    show,
    styled,
)
