"""Who reads which images."""

from functools import cache

import numpy as np

from medtutor import datasets
from medtutor.privacy import federated


def consortium(source: str | None = None) -> federated.Hospitals:
    """Load a set, split it by patient and deal it to four hospitals."""
    nodules = federated.thinned(datasets.load_ct(source, progress=False))
    return federated.divide(nodules, federated.split_of(nodules))


@cache
def training_part(source: str | None, hospital: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Load what one hospital trains on, and prepare no other image.

    None as a hospital takes all training patients of the source: a hospital with its own folder.
    """
    nodules = federated.thinned(datasets.load_ct(source, progress=False))
    split = federated.split_of(nodules)
    rows = split.train if hospital is None else federated.deal(nodules, split)[0][hospital]
    mine = nodules.take(rows)
    return federated.prepare(mine), federated.event(mine)
