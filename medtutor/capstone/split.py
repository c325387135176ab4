"""Who belongs together, and which samples must stay out of a training.

A split is only as good as the groups that it keeps whole. Where patients are known they are the
groups, and two patients who share a picture become one: it is one person under two names, or a
picture in the wrong place, and in both cases it must not be on two sides. Where patients are not
known, pictures that show the same are the only thing that can be seen; each such family becomes one
pseudo-patient. Two different slices of one chest are not found in this way.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from medtutor.splits import is_test_patient
from medtutor.types import Flag

FEW = 20  # samples below which a large group is no surprise
MOST = 0.5  # share of all samples that the search for copies may join into one group
# A family stays in the first of its parts.
ORDER = {"test": 0, "val": 1, "validation": 1, "train": 2}


class Proposal(NamedTuple):
    """Groups to be kept whole, and who may take part."""

    groups: np.ndarray
    keep: np.ndarray
    notes: tuple[str, ...]


def families(count: int, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """Give all samples that hang together one number: the connected parts of a graph."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    ones = np.ones(len(edges), np.int8)
    graph = coo_array((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def groups(patients: np.ndarray, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """Name the group of each sample: its patient's, or ``unknown-12`` where nobody is known."""
    patients = np.asarray(patients).astype(str)
    known = np.flatnonzero(patients != "")
    first: dict[str, int] = {}
    ties = [(first.setdefault(patients[k], int(k)), int(k)) for k in known]
    family = families(len(patients), [*ties, *pairs])
    # Of several patients in a family, one whom the course always tests on gives it the name.
    last = sorted(known, key=lambda k: (not is_test_patient(str(patients[k])), patients[k]))[::-1]
    title = {family[k]: patients[k] for k in last}
    return np.array([title.get(f, f"unknown-{f}") for f in family])


def propose(
    patients: np.ndarray,
    pairs: Iterable[tuple[int, int]],
    given: np.ndarray | None = None,
    unit: str = "patient",
) -> Proposal:
    """Propose what a patient-wise split has to keep whole, and what has to stay out."""
    pairs = list(pairs)
    patients = np.asarray(patients).astype(str)
    found = groups(patients, pairs)
    unknown = int(np.sum(patients == ""))
    notes = []
    alone = groups(patients, [])
    if len(found) >= FEW and _largest(found) > MOST >= _largest(alone):
        notes.append(
            f"the search for copies would join {_largest(found):.0%} of all samples into one "
            f"group: it cannot tell these data apart. Look at the pairs; nothing was joined"
        )
        found = alone
    if unknown == len(patients):
        notes.append(
            f"NO {unit.upper()} IDS: the same {unit} may be on both sides of this split. "
            f"{len(patients)} samples became {len(np.unique(found))} groups that show "
            f"the same; other samples of one {unit} cannot be recognised. Read every result as "
            "too good, and every interval as too narrow."
        )
    elif unknown:
        notes.append(
            f"{unknown} of {len(patients)} samples have no {unit}; each counts as a {unit} "
            "of its own, unless it is a copy"
        )
    people = len(np.unique(patients[patients != ""]))
    joined = people - len(np.unique(found[patients != ""]))
    if joined > 0:
        notes.append(f"{joined} {unit}s were joined to others with whom they share a sample")
    keep = np.arange(len(found))
    if given is not None:
        rank = np.array([ORDER[str(part)] for part in given])
        code = np.unique(found, return_inverse=True)[1]
        best = np.full(code.max() + 1, 9)
        np.minimum.at(best, code, rank)
        keep = np.flatnonzero(rank == best[code])
        if len(keep) < len(found):
            notes.append(
                f"{len(found) - len(keep)} samples are left out: their {unit}, or the same "
                "picture, lies in a later part of the given split"
            )
    return Proposal(found, keep, tuple(notes))


def left_out(proposal: Proposal, items: Sequence[str], unit: str) -> list[Flag]:
    """Write each sample that must stay out as a flag, so that no file vanishes without a reason."""
    reason = f"its {unit}, or the same picture, lies in a later part of the given split"
    gone = np.setdiff1d(np.arange(len(proposal.groups)), proposal.keep)
    return [Flag(items[k], "left out", reason) for k in gone]


def _largest(groups: np.ndarray) -> float:
    """Share of the samples that lie in the largest group."""
    return float(np.unique(groups, return_counts=True)[1].max() / len(groups))
