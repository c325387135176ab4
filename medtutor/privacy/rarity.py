"""How many people share a row: what a table gives away although no name is in it."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from medtutor.errors import DataError


def anonymity(table: Mapping[str, np.ndarray], columns: Sequence[str]) -> np.ndarray:
    """Count for every row how many rows agree with it in some columns.

    The smallest of these numbers is the k of k-anonymity (Sweeney, Int J Uncertain Fuzz 10:557,
    2002): whoever knows these columns of a person is left with at least k candidates.

    Parameters
    ----------
    table : dict of str to ndarray, each (people,)
        One row for each person.
    columns : sequence of str
        What an attacker could know. None at all leaves everybody a candidate.

    Returns
    -------
    ndarray of int, shape (people,)
        1 where a row is the only one of its kind.

    Raises
    ------
    DataError
        A column is not there, or columns differ in length.
    """
    missing = [name for name in columns if name not in table]
    if missing:
        raise DataError(
            f"there is no column {missing[0]!r}", remedy=f"There are {', '.join(table)}."
        )
    if len({len(values) for values in table.values()}) > 1:
        raise DataError("the columns differ in length", remedy="Give one row for each person.")
    count = len(next(iter(table.values())))
    rows = list(zip(*(np.asarray(table[name]).tolist() for name in columns), strict=True))
    rows = rows or [()] * count
    sizes = Counter(rows)
    return np.array([sizes[row] for row in rows], dtype=int)
