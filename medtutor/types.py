"""The shapes in which data and results travel between the rooms; imports nothing of ours.

Images come as an `ImageSet`, ECGs as an `EcgSet` of `Recording`s and as `Windows` cut from them. An
`Interval` is an estimate with its uncertainty, a `Flag` one suspicion about one item.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np


class _Ends(NamedTuple):
    value: float
    low: float
    high: float


class Interval(_Ends):
    """An estimate with its 95 % interval; `groups` says from how many people, where that is known.

    It unpacks into value, low and high.
    """

    groups: int | None = None

    def __str__(self) -> str:
        """Write it as ``0.912 (95 % CI 0.871 to 0.945)``."""
        return f"{self.value:.3f} (95 % CI {self.low:.3f} to {self.high:.3f})"


class Flag(NamedTuple):
    """One suspicion: where, which check, and why."""

    item: str
    check: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Recording:
    """One ECG recording with its beats.

    Parameters
    ----------
    subject : str
        The person; two records can share one.
    signal : ndarray of shape (samples, leads), float32
        Millivolts. Column 0 is the lead that the lessons read. NaN where the signal is missing.
    leads : tuple of str
        Names of the columns of `signal`.
    fs : float
        Sampling rate in hertz.
    beats : ndarray of shape (beats,), int64
        Sample index of each R peak, in order.
    symbols : ndarray of shape (beats,), str
        WFDB beat codes: ``"N"`` normal, ``"V"`` premature ventricular, ``"/"`` paced …
    notes : tuple of str
        What the loader did and a lesson should say.
    """

    name: str
    subject: str
    signal: np.ndarray
    leads: tuple[str, ...]
    fs: float
    beats: np.ndarray
    symbols: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.signal) / self.fs

    def __repr__(self) -> str:
        """Show what is inside in one line."""
        return (
            f"Recording({self.name!r}, subject {self.subject!r}: {self.duration:.0f} s at "
            f"{self.fs:g} Hz, leads {', '.join(self.leads)}, {len(self.beats)} beats)"
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Windows:
    """Windows cut from recordings, with their labels.

    Parameters
    ----------
    signal : ndarray of shape (n, length, leads), float32
        Millivolts; column 0 is the lead that the model reads.
    rate : ndarray of shape (n,), float64
        Heart rate in beats a minute: 60 over the mean RR interval inside the window.
    change : ndarray of shape (n,), float64
        Rate of the window that follows without a gap, minus this one's; NaN where there is none.
    beats : ndarray of shape (n, most), float32
        Sample of each beat counted from the window's start, filled up with NaN.
    subject, record : ndarray of shape (n,), str
        The person and the recording.
    start : ndarray of shape (n,), int64
        First sample of the window in its recording.
    left_out : dict of str to int
        Windows that were not kept, counted by reason.
    """

    signal: np.ndarray
    rate: np.ndarray
    change: np.ndarray
    beats: np.ndarray
    subject: np.ndarray
    record: np.ndarray
    start: np.ndarray
    fs: float
    left_out: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Give the number of windows."""
        return len(self.signal)

    def __getitem__(self, index: np.ndarray | slice) -> "Windows":
        """Take some of the windows."""
        part = {f.name: getattr(self, f.name) for f in fields(self)}
        part.update({k: v[index] for k, v in part.items() if isinstance(v, np.ndarray)})
        return Windows(**part)

    def __repr__(self) -> str:
        """Say what is inside and what was left out."""
        lost = ", ".join(f"{count} with {why}" for why, count in self.left_out.items()) or "none"
        seconds = self.signal.shape[1] / self.fs
        return (
            f"{len(self)} windows of {seconds:.2f} s at {self.fs:g} Hz from "
            f"{len(np.unique(self.subject))} subjects; left out: {lost}"
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ImageSet:
    """Labelled two-dimensional images; for CT, one nodule each.

    Parameters
    ----------
    name : str
        ``"default"``, the name of a download, or the name of the user's folder.
    images : ndarray of shape (n, h, w), or list of n arrays (h_i, w_i), float32
        A list where the sizes differ. Colour files have been converted to grey.
    unit : str
        ``"HU"``, or ``"grey"`` for 8- and 16-bit files whose HU scale is unknown.
    labels : ndarray of shape (n,), int64
        Index into `class_names`.
    class_names : tuple of str
        Sorted; for nodules ``("benign", "malignant")``.
    patients : ndarray of shape (n,), str
        When they are unknown each image is a patient of its own and `patients_known` is False.
    patients_known : bool
        Whether the source says which patient an image belongs to.
    split : ndarray of shape (n,), str, or None
        ``"train"``, ``"val"`` or ``"test"`` when the source decides it.
    spacing : ndarray of shape (n,), float32, or None
        Millimetres per pixel.
    diameter : ndarray of shape (n,), float32, or None
        Equivalent diameter of the nodule in millimetres.
    masks : ndarray of shape (n, h, w), or list of arrays (h_i, w_i), bool, or None
        The outline of the finding, filled; where an image may hold several, their numbers from 1.
    table : dict of str to ndarray of shape (n,)
        Every further column of the source.
    files : tuple of str
        Where each image came from, relative to the source.
    card : str
        The data card in Markdown.
    notes : tuple of str
        What the loader did and a lesson should say.
    readers : ndarray of shape (n, h, w), uint8, or None
        How many readers put each pixel inside, where the source says so.
    """

    name: str
    images: np.ndarray | list[np.ndarray]
    unit: str
    labels: np.ndarray
    class_names: tuple[str, ...]
    patients: np.ndarray
    patients_known: bool
    split: np.ndarray | None = None
    spacing: np.ndarray | None = None
    diameter: np.ndarray | None = None
    masks: np.ndarray | list[np.ndarray] | None = None
    table: dict[str, np.ndarray] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    card: str = ""
    simulated: bool = False
    notes: tuple[str, ...] = ()
    readers: np.ndarray | None = None

    def __len__(self) -> int:
        """Count the images."""
        return len(self.labels)

    def __repr__(self) -> str:
        """Show what is inside in one line, without printing arrays."""
        counts = np.bincount(self.labels, minlength=len(self.class_names))
        classes = ", ".join(
            f"{count} {name}" for name, count in zip(self.class_names, counts, strict=True)
        )
        known = self.patients_known
        people = f"{len(np.unique(self.patients))} patients" if known else "patients unknown"
        kind = "simulated " if self.simulated else ""
        what = f"{len(self)} {kind}images in {self.unit}"
        return f"ImageSet({self.name!r}: {what}, {people}; {classes})"

    def take(self, indices: np.ndarray) -> "ImageSet":
        """Pick images by index or by a boolean mask; everything else goes with them."""
        chosen = np.arange(len(self))[np.asarray(indices)]
        changes: dict[str, Any] = {}
        for column in fields(self):
            value = getattr(self, column.name)
            if column.name == "files" and value:
                changes["files"] = tuple(value[i] for i in chosen)
            elif column.name == "table":
                changes["table"] = {key: entry[chosen] for key, entry in value.items()}
            elif isinstance(value, np.ndarray):
                changes[column.name] = value[chosen]
            elif isinstance(value, list):
                changes[column.name] = [value[i] for i in chosen]
        return replace(self, **changes)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EcgSet:
    """ECG recordings of one source; `name`, `card` and `notes` as for an `ImageSet`.

    Parameters
    ----------
    recordings : tuple of Recording
        One or more per subject.
    split : dict of str to str, or None
        Subject to ``"train"``, ``"val"`` or ``"test"`` when the source decides it.
    """

    name: str
    recordings: tuple[Recording, ...]
    split: dict[str, str] | None
    card: str
    simulated: bool
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """Count the recordings."""
        return len(self.recordings)

    def __repr__(self) -> str:
        """Show what is inside in one line."""
        subjects = len({recording.subject for recording in self.recordings})
        minutes = sum(recording.duration for recording in self.recordings) / 60
        beats = sum(len(recording.beats) for recording in self.recordings)
        kind = "simulated " if self.simulated else ""
        return (
            f"EcgSet({self.name!r}: {len(self)} {kind}recordings of {subjects} subjects, "
            f"{minutes:.0f} min, {beats} beats)"
        )
