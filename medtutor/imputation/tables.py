"""Missing entries of a table: lose them by a known mechanism, and fill them.

The mechanisms are Rubin's (Biometrika 63:581, 1976); the imputers are scikit-learn's.
"""

from __future__ import annotations

import numpy as np

from medtutor.errors import DataError

__all__ = ["MECHANISMS", "TABLE_METHODS", "fill_table", "lose"]

MECHANISMS = ("mcar", "mar", "mnar")
TABLE_METHODS = ("mean", "median", "knn", "iterative")


def lose(
    values: np.ndarray,
    mechanism: str,
    share: float,
    rng: np.random.Generator,
    by: np.ndarray | None = None,
    strength: float = 5.0,
) -> np.ndarray:
    """Choose which entries of a column get lost.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        The column, complete.
    mechanism : {"mcar", "mar", "mnar"}
        Missing completely at random: chance alone. Missing at random: the smaller `by`, another
        column that stays known, the likelier. Missing not at random: the smaller the value
        itself, the likelier.
    share : float
        Share of entries that get lost, between 0 and 1.
    rng : numpy.random.Generator
        Source of chance.
    by : ndarray of float, shape (n,), optional
        The column that decides under "mar".
    strength : float
        How much the deciding column matters: the odds of the lowest rank are exp(strength) times
        those of the highest. 0 is chance alone.

    Returns
    -------
    ndarray of bool, shape (n,)
        True where the entry is lost: the nearest whole number to ``share * n`` of them.

    Raises
    ------
    DataError
        The mechanism is unknown, "mar" has no column to go by, the share is no share, or a value
        that decides is NaN.
    """
    values = np.asarray(values, dtype=np.float64)
    if mechanism not in MECHANISMS:
        raise DataError(
            f"unknown mechanism {mechanism!r}", remedy=f"Choose one of {', '.join(MECHANISMS)}."
        )
    if not 0 <= share < 1:
        raise DataError(f"a share of {share:g}", remedy="Give a share from 0 to less than 1.")
    driver = {"mcar": np.zeros(len(values)), "mar": by, "mnar": values}[mechanism]
    if driver is None or np.shape(driver) != values.shape or np.isnan(driver).any():
        raise DataError(
            f"{mechanism!r} needs a complete column of {len(values)} values to go by",
            remedy="Pass another column as `by`, without NaN.",
        )
    from scipy.stats import rankdata

    rank = rankdata(driver) / len(values) if mechanism != "mcar" else driver
    # The largest of log-odds + Gumbel noise are a draw without replacement with those odds.
    key = rng.gumbel(size=len(values)) - strength * rank
    lost = np.zeros(len(values), bool)
    lost[np.argsort(-key, kind="stable")[: round(share * len(values))]] = True
    return lost


def fill_table(
    train: np.ndarray,
    table: np.ndarray,
    method: str = "mean",
    indicator: bool = False,
    neighbours: int = 10,
) -> np.ndarray:
    """Fit an imputer on the training rows alone, and fill a table with it.

    Columns are brought to unit spread for the distances of "knn" and the regularisation of
    "iterative", and back afterwards.

    Parameters
    ----------
    train : ndarray of float, shape (m, columns)
        Rows from which the imputer learns; NaN where missing.
    table : ndarray of float, shape (n, columns)
        Rows to fill.
    method : {"mean", "median", "knn", "iterative"}
        "knn": the mean of the nearest training rows, by the columns known in both (Troyanskaya et
        al., Bioinformatics 17:520, 2001). "iterative": each column is predicted from the others
        by Bayesian ridge regression, round after round (van Buuren & Groothuis-Oudshoorn, J Stat
        Softw 45(3), 2011; here once, with the predicted mean and without draws).
    indicator : bool
        Append a column of 0 and 1 for each column that has gaps in `train`: 1 where missing.
    neighbours : int
        Rows that "knn" averages.

    Returns
    -------
    ndarray of float, shape (n, columns) or, with the indicator, wider

    Raises
    ------
    DataError
        The method is unknown, the tables do not fit together, or a column has no value to learn
        from.
    """
    train, table = np.asarray(train, dtype=np.float64), np.asarray(table, dtype=np.float64)
    if train.ndim != 2 or table.ndim != 2 or train.shape[1] != table.shape[1]:
        raise DataError(
            f"training rows of shape {train.shape}, but a table of shape {table.shape}",
            remedy="Both need the same columns in the same order.",
        )
    if method not in TABLE_METHODS:
        raise DataError(
            f"unknown method {method!r}", remedy=f"Choose one of {', '.join(TABLE_METHODS)}."
        )
    empty = np.flatnonzero(np.isnan(train).all(axis=0))
    if len(empty):
        raise DataError(
            f"column {empty[0]} has no value in the training rows",
            remedy="Leave the column out: nothing can be learned about it.",
        )
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train)
    imputer = _imputer(method, neighbours).fit(scaler.transform(train))
    filled = scaler.inverse_transform(imputer.transform(scaler.transform(table)))
    filled = np.where(np.isnan(table), filled, table)  # scaling to and fro must not round them
    if not indicator:
        return filled
    gappy = np.isnan(train).any(axis=0)
    return np.hstack([filled, np.isnan(table[:, gappy]).astype(float)])


def _imputer(method: str, neighbours: int):  # type: ignore[no-untyped-def]
    """Build scikit-learn's imputer."""
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

    if method == "knn":
        return KNNImputer(n_neighbors=neighbours)
    if method == "iterative":
        return IterativeImputer(max_iter=20, tol=1e-3, random_state=0)
    return SimpleImputer(strategy=method)
