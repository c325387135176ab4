"""Metrics with a patient-level interval.

`intervals` resamples patients, `classification` counts and ranks, `calibration` asks what a
probability is worth, `comparison` sets two models side by side. Lessons write ``from medtutor
import metrics`` and call ``metrics.NAME``. scikit-learn and SciPy do the work where they fit.
"""

from medtutor.metrics.calibration import (
    brier,
    calibration_bins,
    expected_calibration_error,
    fit_temperature,
    temper,
)
from medtutor.metrics.classification import (
    Table,
    accuracy,
    area_under_roc,
    auc,
    average_precision,
    confusion,
    precision_recall_curve,
    predictive_values,
    roc_curve,
    threshold_for,
)
from medtutor.metrics.comparison import out_of_fold, paired_difference
from medtutor.metrics.intervals import bootstrap, bootstrap_draws, mae, wilson
from medtutor.types import Interval

__all__ = [
    "Interval",
    "Table",
    "accuracy",
    "area_under_roc",
    "auc",
    "average_precision",
    "bootstrap",
    "bootstrap_draws",
    "brier",
    "calibration_bins",
    "confusion",
    "expected_calibration_error",
    "fit_temperature",
    "mae",
    "out_of_fold",
    "paired_difference",
    "precision_recall_curve",
    "predictive_values",
    "roc_curve",
    "temper",
    "threshold_for",
    "wilson",
]
