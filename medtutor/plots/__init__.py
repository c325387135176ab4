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
    federated,
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
from medtutor.plots.base import COLOURS, FULL, HALF, figure, show

__all__ = [
    "COLOURS",
    "FULL",
    "HALF",
    "arrays",
    "capstone",
    "classical",
    "ct",
    "ecg",
    "evaluate",
    "explain",
    "federated",
    "figure",
    "frameworks",
    "gates",
    "missing",
    "network",
    "privacy",
    "rate",
    "realtime",
    "recurrent",
    "scarce",
    "show",
    "softmax",
    "start",
    "training",
]
