"""Every figure of the course, each with its alternative text.

A folder and not one file, so that each subject's figures stay readable: `plots.ct` for images,
`plots.ecg` for signals, `plots.arrays` for numbers in cells, `plots.training` for models. Lessons
write ``from medtutor import plots`` and call ``plots.ct.NAME``; this module holds what all figures
share.
"""

from medtutor.plots import (
    arrays,
    capstone,
    classical,
    ct,
    ecg,
    evaluate,
    explain,
    frameworks,
    gates,
    missing,
    network,
    privacy,
    rate,
    realtime,
    recurrent,
    scarce,
    softmax,
    start,
    training,
)
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
from medtutor.plots.style import CLASS_COLOURS, COLOURS, FULL, HALF, figure, show, styled

__all__ = [
    "CLASS_COLOURS",
    "COLOURS",
    "FULL",
    "HALF",
    "arrays",
    "bars",
    "capstone",
    "cells",
    "classical",
    "ct",
    "ecg",
    "evaluate",
    "explain",
    "figure",
    "frameworks",
    "gates",
    "histogram",
    "images",
    "intervals",
    "lines",
    "losses",
    "matrix",
    "missing",
    "network",
    "points",
    "privacy",
    "rate",
    "realtime",
    "recurrent",
    "reliability",
    "roc",
    "scarce",
    "sheet",
    "show",
    "softmax",
    "stack",
    "start",
    "strip",
    "styled",
    "training",
]
