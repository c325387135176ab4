"""Four hospitals that differ, made of one labelled set.

Real federations are uneven: one hospital screens healthy smokers and finds small nodules, another
is sent the large ones; one reconstructs thin slices, another thick ones. `divide` deals whole
patients to four such hospitals, by slice thickness and by the patient's largest nodule, so that
scanner, size and share of malignant nodules all differ from place to place.
"""

from dataclasses import dataclass

import numpy as np

from medtutor import datasets, splits
from medtutor.ct import preprocess
from medtutor.datasets import ImageSet
from medtutor.errors import SplitError

NAMES = ("A", "B", "C", "D")
SIZE, SPACING = 20, 2.0  # pixels and mm per pixel: 40 mm around the nodule, small enough for NumPy
MOST = 4000  # images; a very large set is thinned out
EDGE_MM = 10.0  # of the patient's largest nodule


@dataclass(frozen=True, eq=False, repr=False)
class Hospitals:
    """Who has which samples; no patient is in two hospitals or in two parts.

    Parameters
    ----------
    x : ndarray of float32, shape (n, 20, 20, 1)
        Prepared images.
    labels : ndarray of int64, shape (n,)
        1 for the event asked for (the second class), else 0.
    patients : ndarray of str, shape (n,)
        Patient of each sample.
    train, test : tuple of ndarray of int
        Indices into `x`, for each hospital.
    rules : tuple of str
        What the patients of each hospital have in common.
    event : str
        Name of the event.

    Raises
    ------
    SplitError
        If a patient is in two places, or a hospital has nobody to train on.
    """

    x: np.ndarray
    labels: np.ndarray
    patients: np.ndarray
    train: tuple[np.ndarray, ...]
    test: tuple[np.ndarray, ...]
    rules: tuple[str, ...]
    event: str = "event"

    def __post_init__(self) -> None:
        """Assert that no patient is in two places."""
        owner: dict[str, str] = {}
        for part, rows in (("train", self.train), ("test", self.test)):
            for name, mine in zip(NAMES, rows, strict=False):
                for patient in np.unique(self.patients[mine]):
                    place = f"the {part} part of hospital {name}"
                    if patient in owner:
                        raise SplitError(f"patient {patient} is in {owner[patient]} and in {place}",
                                         remedy="Keep a patient's samples together.")  # fmt: skip
                    owner[str(patient)] = place
        empty = [name for name, mine in zip(NAMES, self.train, strict=False) if len(mine) == 0]
        if empty:
            raise SplitError(f"hospital {empty[0]} has no training patients",
                             remedy="Use a set with more patients.")  # fmt: skip

    def __len__(self) -> int:
        """Count the hospitals."""
        return len(self.train)

    def all_train(self) -> np.ndarray:
        """Give the training samples of all hospitals in one array of indices."""
        return np.concatenate(self.train)

    def all_test(self) -> np.ndarray:
        """Give the test samples of all hospitals in one array of indices."""
        return np.concatenate(self.test)

    def share(self, k: int) -> float:
        """Share of the event among a hospital's training samples."""
        return float(self.labels[self.train[k]].mean())

    def __repr__(self) -> str:
        """Show the ledger: patients and samples of each hospital and part."""
        head = f"{'':10}{'train':>18}{'test':>18}   {self.event}"
        lines = [
            head,
            f"{'hospital':10}" + f"{'patients':>10}{'samples':>8}" * 2 + "   in training",
        ]
        for k, rule in enumerate(self.rules):
            counts = [
                n
                for rows in (self.train[k], self.test[k])
                for n in (len(np.unique(self.patients[rows])), len(rows))
            ]
            cells = f"{counts[0]:>10}{counts[1]:>8}{counts[2]:>10}{counts[3]:>8}"
            lines.append(f"{NAMES[k]:10}{cells}{100 * self.share(k):>8.0f} %    {rule}")
        return "\n".join([*lines, "no patient is in two hospitals or in two parts"])


def load(source: str | None = None) -> ImageSet:
    """Load the labelled set that is dealt to the hospitals; a very large one is thinned out.

    Parameters
    ----------
    source : str, optional
        As for `datasets.load_ct`.

    Returns
    -------
    ImageSet
        At most `MOST` images.
    """
    nodules = datasets.load_ct(source, progress=False)
    if len(nodules) <= MOST:
        return nodules
    keep = np.random.default_rng(18).choice(len(nodules), MOST, replace=False)
    return nodules.take(np.sort(keep))


def event(nodules: ImageSet) -> np.ndarray:
    """Turn the classes into one question: the second class, or not.

    Parameters
    ----------
    nodules : ImageSet
        Two classes or more.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    return (nodules.labels == 1).astype(np.int64)


def divide(nodules: ImageSet, split: splits.Split) -> Hospitals:
    """Deal the patients of a split to four hospitals that differ.

    Two yes-no questions make four hospitals: are the patient's slices thick, and is the largest
    nodule at least 10 mm? Where the data do not say, coarse pixels stand in for thick slices and
    "has the event" for large nodules; where no answer parts the patients, a hash of the name does.

    Parameters
    ----------
    nodules : ImageSet
        The set.
    split : Split
        Its training and test parts, by patient. Validation samples stay out.

    Returns
    -------
    Hospitals
        A, B: thin slices; C, D: thick ones. B and D have the large nodules.

    Raises
    ------
    SplitError
        If a hospital would have nobody to train on.
    """
    train, test, rules = _deal(nodules, split)
    x = preprocess.prepare(nodules, size=SIZE, spacing=SPACING)
    name = nodules.class_names[1]
    return Hospitals(x, event(nodules), nodules.patients, train, test, rules, name)


def consortium(source: str | None = None) -> Hospitals:
    """Load a set, split it and deal it, all in one: what each process of a federation does.

    Parameters
    ----------
    source : str, optional
        As for `datasets.load_ct`.

    Returns
    -------
    Hospitals
    """
    nodules = load(source)
    return divide(nodules, _split(nodules))


def training_part(source: str | None, hospital: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Load what one hospital trains on, and prepare no other image.

    Parameters
    ----------
    source : str or None
        As for `datasets.load_ct`.
    hospital : int or None
        One of the four; None takes the training patients of the whole source, for a hospital with
        a folder of its own.

    Returns
    -------
    x : ndarray of float32, shape (n, 20, 20, 1)
    labels : ndarray of int64, shape (n,)
    """
    nodules = load(source)
    split = _split(nodules)
    rows = split.train if hospital is None else _deal(nodules, split)[0][hospital]
    mine = nodules.take(rows)
    return preprocess.prepare(mine, size=SIZE, spacing=SPACING), event(mine)


def _split(nodules: ImageSet) -> splits.Split:
    names = (f"not {nodules.class_names[1]}", nodules.class_names[1])
    return splits.by_patient(
        event(nodules), nodules.patients, nodules.split, validation=0, class_names=names
    )


def _deal(nodules: ImageSet, split: splits.Split) -> tuple:
    """Give the training rows, the test rows and the rule of each of the four hospitals."""
    people, member = np.unique(nodules.patients, return_inverse=True)
    first, thin, thick = _scanner(nodules, people, member)
    second, small, large = _size(nodules, people, member)
    site = 2 * first[member] + second[member]
    rules = tuple(f"{a}, {b}" for a in (thin, thick) for b in (small, large))
    train, test = (tuple(rows[site[rows] == k] for k in range(4))
                   for rows in (split.train, split.test))  # fmt: skip
    return train, test, rules


def _scanner(nodules: ImageSet, people: np.ndarray, member: np.ndarray) -> tuple:
    """Tell thick slices from thin ones, patient by patient."""
    candidates = [("slice_thickness_mm", "slices"), ("scan_spacing_mm", "pixels")]
    for column, what in candidates:
        try:
            values = np.asarray(nodules.table[column], float)
        except (KeyError, ValueError):
            continue
        if np.isfinite(values).all() and len(np.unique(values)) > 1:
            worst = _worst(values, people, member)
            edge = float(np.median(worst))
            edge = edge if np.any(worst < edge) else float(np.min(worst[worst > edge]))
            unit = f"{edge:.2g} mm"
            return (worst >= edge), f"{what} below {unit}", f"{what} of {unit} or more"
    return _hash(people), "first half", "second half"


def _size(nodules: ImageSet, people: np.ndarray, member: np.ndarray) -> tuple:
    """Tell patients with a large nodule from the others."""
    known = nodules.diameter is not None and bool(np.isfinite(nodules.diameter).all())
    if known:
        large = _worst(np.asarray(nodules.diameter), people, member) >= EDGE_MM
        if 0.05 < large.mean() < 0.95:
            return large, f"nodules below {EDGE_MM:g} mm", f"a nodule of {EDGE_MM:g} mm or more"
    # Two in three patients with the event go to one side, one in three without it: a skew, and
    # both classes on either side.
    ill = _worst(event(nodules), people, member) > 0
    crossed = np.random.default_rng(18).random(len(people)) < 1 / 3
    return (
        ill ^ crossed,
        f"few with {nodules.class_names[1]}",
        f"many with {nodules.class_names[1]}",
    )


def _worst(values: np.ndarray, people: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Largest value of each patient."""
    worst = np.full(len(people), -np.inf)
    np.maximum.at(worst, member, values)
    return worst


def _hash(people: np.ndarray) -> np.ndarray:
    """Deal the patients by their names into two halves, the same everywhere."""
    import zlib

    return np.array([zlib.crc32(b"site" + str(p).encode()) % 2 == 1 for p in people])
