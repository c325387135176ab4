"""Missing values: how they come about in signals and tables, and what to put in their place.

`gaps` makes and finds gaps of a signal, `signals` fills them by rules, `learned` by a small network
(TensorFlow is loaded when one is built). `tables` does the same for tables, with scikit-learn.
"""

from medtutor.imputation.gaps import KINDS, find_missing, hide, runs
from medtutor.imputation.learned import fill_with, fit_imputer, gap_imputer, scaled
from medtutor.imputation.signals import METHODS, fill
from medtutor.imputation.tables import MECHANISMS, TABLE_METHODS, fill_table, lose

__all__ = [
    "KINDS", "MECHANISMS", "METHODS", "TABLE_METHODS", "fill", "fill_table", "fill_with",
    "find_missing", "fit_imputer", "gap_imputer", "hide", "lose", "runs", "scaled",
]  # fmt: skip
