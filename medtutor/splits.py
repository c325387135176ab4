"""Patient-wise splits, and the ledger that shows them.

Two samples of one patient resemble each other. If one of them trains the model and the other tests
it, the score is flattered. So a lesson asks `by_patient` for its split, and the split refuses to
exist when one patient is in two parts.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from medtutor.errors import SplitError

PARTS = ("train", "validation", "test")
TEST_SEED = 0  # of the test fold, where no name decides it: the same for everybody, always
_SPELLINGS = {part: part for part in PARTS} | {"val": "validation", "valid": "validation"}


class Row(NamedTuple):
    """One line of the split ledger."""

    part: str
    patients: int
    samples: int
    per_class: dict[str, int]


def refuse_shared(
    patients: np.ndarray, places: Mapping[str, np.ndarray], unit: str = "patient"
) -> None:
    """Raise a `SplitError` if somebody's samples lie in two places; each is a name and indices."""
    owner: dict[str, str] = {}
    for place, index in places.items():
        for patient in map(str, np.unique(patients[index])):
            if owner.setdefault(patient, place) != place:
                raise SplitError(
                    f"{unit} {patient} is in {owner[patient]} and in {place}",
                    remedy=f"Keep all samples of a {unit} together.",
                )


@dataclass(frozen=True)
class Split:
    """Three disjoint sets of sample indices, with no patient in two of them.

    Parameters
    ----------
    train, validation, test : ndarray of int, shape (n_part,)
        Indices into the data set. `validation` chooses when to stop and where to put a threshold;
        `test` is looked at once.
    patients : ndarray of str, shape (n,)
        Patient of every sample of the data set.
    labels : ndarray, shape (n,)
        Label of every sample, for the table only. Anything that is not an integer is not counted
        by class.
    rule : str
        How the parts were chosen, as a phrase for the table.

    Raises
    ------
    SplitError
        If a patient is in two parts, or the training or test part is empty.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    patients: np.ndarray
    labels: np.ndarray
    rule: str
    class_names: tuple[str, ...] = ()
    unit: str = "patient"

    def __post_init__(self) -> None:
        """Assert that the parts share nobody."""
        places = {f"the {part} part": getattr(self, part) for part in PARTS}
        refuse_shared(self.patients, places, self.unit)
        for part in ("train", "test"):
            if len(getattr(self, part)) == 0:
                raise SplitError(
                    f"the {part} part is empty",
                    remedy=f"At least one {self.unit} must be in each part.",
                )

    def table(self) -> list[Row]:
        """Count patients, samples and classes per part."""
        names = dict(enumerate(self.class_names)) or {c: str(c) for c in np.unique(self.labels)}
        if not np.issubdtype(self.labels.dtype, np.integer):
            names = {}
        rows = []
        for part in PARTS:
            index = getattr(self, part)
            values = self.labels[index]
            counts = {name: int(np.sum(values == code)) for code, name in names.items()}
            rows.append(Row(part, len(np.unique(self.patients[index])), len(index), counts))
        return rows

    def __repr__(self) -> str:
        """Show the split ledger as text."""
        rows = self.table()
        head: list[object] = ["part", f"{self.unit}s", "samples", *rows[0].per_class]
        body: list[list[object]] = [
            [r.part, r.patients, r.samples, *r.per_class.values()] for r in rows
        ]
        columns = zip(*[[str(value) for value in line] for line in [head, *body]], strict=True)
        wide = [[value.rjust(max(map(len, column))) for value in column] for column in columns]
        wide[0] = [part.strip().ljust(len(part)) for part in wide[0]]
        lines = ["  ".join(line) for line in zip(*wide, strict=True)]
        return "\n".join([*lines, f"no {self.unit} is in two parts; rule: {self.rule}"])


def is_test_patient(patient: str) -> bool:
    """Tell from the name alone whether this is a test patient, in every lesson and data set."""
    return zlib.crc32(str(patient).encode()) % 5 == 0


def by_patient(
    labels: Sequence[int] | np.ndarray,
    patients: Sequence[str] | np.ndarray,
    given: np.ndarray | Mapping[str, str] | None = None,
    validation: float = 0.2,
    seed: int = 0,
    class_names: tuple[str, ...] = (),
    unit: str = "patient",
) -> Split:
    """Split samples into train, validation and test, patient by patient.

    Parameters
    ----------
    labels : array, shape (n,)
        Class of each sample; kept in similar proportion in all parts. Real-valued labels (a heart
        rate) are split into quarters for that purpose.
    patients : array of str, shape (n,)
        Patient of each sample.
    given : array of str, shape (n,), or mapping from patient to part, optional
        The parts that the data set itself prescribes: "train", "test" and perhaps "val". Without
        it the test patients are those of `is_test_patient`; if that would leave fewer than a
        twentieth of the patients for testing, more than a third, or one class only, one of five
        stratified folds.
    validation : float
        Share of the training patients that become validation patients, unless `given` names some.
    seed : int
        Seed of the validation part. The test part does not move with it: who has tested one model
        must not have taught another that it is compared or averaged with.
    unit : str
        What a patient is called in the table: "patient" or "subject".

    Raises
    ------
    SplitError
        If a patient would be in two parts, a part would be empty, or a word in `given` is unknown.

    Examples
    --------
    >>> split = by_patient(np.arange(100) % 2, [f"P{k}" for k in range(100)])
    >>> len(split.train) + len(split.validation) + len(split.test)
    100
    """
    labels, patients = np.asarray(labels), np.asarray(patients).astype(str)
    if len(labels) != len(patients):
        raise SplitError(f"{len(labels)} labels but {len(patients)} {unit}s")
    everyone = np.arange(len(labels))
    parts, rule = _test_part(labels, patients, given)
    if not np.any(parts == "validation"):
        pool = everyone[parts == "train"]
        folds = max(2, round(1 / validation)) if validation > 0 else 0
        if folds and len(np.unique(patients[pool])) >= folds:
            held = _one_fold(labels[pool], patients[pool], folds, seed + 1)
            parts[pool[held]] = "validation"
    index = {part: everyone[parts == part] for part in PARTS}
    return Split(
        **index, patients=patients, labels=labels, rule=rule, class_names=class_names, unit=unit
    )


def _test_part(
    labels: np.ndarray, patients: np.ndarray, given: np.ndarray | Mapping[str, str] | None
) -> tuple[np.ndarray, str]:
    """Name the part of every sample, and the rule that did it."""
    if given is not None:
        words = [given[p] for p in patients] if isinstance(given, Mapping) else list(given)
        unknown = sorted({str(w) for w in words if str(w).strip().lower() not in _SPELLINGS})
        if unknown:
            raise SplitError(
                f"the split column says {', '.join(map(repr, unknown[:3]))}",
                remedy="Use the words train, val and test.",
            )
        return np.array([_SPELLINGS[str(w).strip().lower()] for w in words], dtype=object), (
            "as the data set prescribes"
        )
    tested = np.array([is_test_patient(p) for p in patients])
    share = len(np.unique(patients[tested])) / max(1, len(np.unique(patients)))
    rule = "test if crc32(patient) % 5 = 0"
    if not 0.05 <= share <= 1 / 3 or len(np.unique(labels[tested])) < 2:
        tested = np.zeros(len(labels), bool)
        tested[_one_fold(labels, patients, 5, TEST_SEED)] = True
        rule = "one of five stratified patient-wise folds"
    return np.where(tested, "test", "train").astype(object), rule


def _one_fold(labels: np.ndarray, patients: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Give the indices of one stratified fold in which whole patients lie."""
    from sklearn.model_selection import StratifiedGroupKFold

    people = len(np.unique(patients))
    if people < 2:
        raise SplitError(
            "all samples are of one person", remedy="A model cannot be tested on who trained it."
        )
    strata = labels
    if not np.issubdtype(labels.dtype, np.integer):
        strata = np.digitize(labels, np.nanquantile(labels, [0.25, 0.5, 0.75]))
    # scikit-learn deals no more folds than the largest class has samples.
    folds = min(folds, people, int(np.unique(strata, return_counts=True)[1].max()))
    if folds < 2:
        raise SplitError(
            "no class has two samples", remedy="Add samples: some to learn from, some to test on."
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return next(iter(splitter.split(np.zeros(len(labels)), strata, patients)))[1]
