"""Several radiologists, one nodule: what they rated, how far they agree, what a network may learn.

In LIDC-IDRI up to four radiologists rated each nodule from 1 to 5. They are not the same four in
every scan, and nobody is "reader 2" throughout, so agreement is measured in a way that lets readers
change places.
"""

from collections.abc import Mapping

import numpy as np

from medtutor.errors import DataError

__all__ = ["alpha", "ratings", "soft_labels", "who_drew"]

READERS = 4  # most that one nodule of LIDC-IDRI has


def ratings(table: Mapping[str, np.ndarray], name: str = "malignancy") -> np.ndarray:
    """Read the ratings of all readers as numbers.

    Parameters
    ----------
    table : dict of str to ndarray
        `ImageSet.table`. A column of words such as ``"5|5|4"``, or of shape (n, readers) with 0
        where a reader is absent.
    name : str
        The column.

    Returns
    -------
    ndarray of float, shape (n, 4)
        NaN where there is no rating; wider if somebody had more than four readers.

    Raises
    ------
    DataError
        If the column is missing, or an entry is not a number.

    Examples
    --------
    >>> ratings({"malignancy": np.array(["5|4"])})
    array([[ 5.,  4., nan, nan]])
    """
    if name not in table:
        raise DataError(
            f"there is no column {name!r}",
            remedy=f"The columns are {', '.join(sorted(table)) or 'none'}.",
        )
    column = np.asarray(table[name])
    if column.ndim == 2:
        rows = [list(row) for row in column.astype(float)]
    else:
        rows = [_numbers(str(entry), name) for entry in column]
    found = np.full((len(rows), max([READERS, *map(len, rows)])), np.nan)
    for k, row in enumerate(rows):
        found[k, : len(row)] = row
    found[found == 0] = np.nan
    return found


def who_drew(table: Mapping[str, np.ndarray]) -> np.ndarray:
    """Count the outlines of each nodule: the column `outlines`, or as many as there are ratings.

    Where nodules hang together, more than four outlines make one nodule of the bundled set, which
    keeps four ratings of them.
    """
    if "outlines" in table:
        return np.asarray(table["outlines"]).astype(np.int64)
    return np.sum(~np.isnan(ratings(table)), axis=1)


def _numbers(entry: str, name: str) -> list[float]:
    """Split one entry of a manifest."""
    try:
        return [float(word) for word in entry.split("|") if word.strip()]
    except ValueError:
        raise DataError(
            f"the column {name!r} holds {entry!r}",
            remedy="Write the ratings of one image as numbers with | between them, such as 5|4|4.",
        ) from None


def soft_labels(rated: np.ndarray, middle: float = 3.0) -> np.ndarray:
    """Give the share of readers who lean to the upper side; the middle rating counts one half.

    `rated` has shape (n, readers), NaN for an absent reader; NaN comes out where nobody rated.
    """
    rated = np.asarray(rated, float)
    present = ~np.isnan(rated)
    votes = np.where(present, (np.sign(rated - middle) + 1) / 2, 0).sum(axis=1)
    count = present.sum(axis=1)
    return np.divide(votes, count, out=np.full(len(rated), np.nan), where=count > 0)


def alpha(rated: np.ndarray) -> float:
    """Krippendorff's alpha with squared differences ("interval"): agreement beyond chance.

    1 if all agree on everything; 0 if ratings of one nodule differ as much as ratings of different
    nodules; NaN if there is nothing to compare. `rated` has shape (n, readers), NaN for an absent
    reader; nodules with fewer than two are left out. Krippendorff, Content Analysis, 2nd ed.
    (2004), ch. 11.
    """
    rated = np.asarray(rated, float)
    rated = rated[np.sum(~np.isnan(rated), axis=1) >= 2]
    values = rated[~np.isnan(rated)]
    if len(values) < 2 or np.ptp(values) == 0:
        return float("nan")
    # The mean squared difference of all pairs in a group is twice its variance (divisor m - 1).
    count = np.sum(~np.isnan(rated), axis=1)
    observed = np.sum(count * np.nanvar(rated, axis=1, ddof=1)) / len(values)
    return float(1 - observed / np.var(values, ddof=1))
