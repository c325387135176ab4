"""The shapes in which data reach a lesson: labelled images and ECG recordings."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from medtutor.ecg.records import Recording

__all__ = ["EcgSet", "ImageSet", "Recording"]


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
        The outline of the finding, filled.
    table : dict of str to ndarray of shape (n,)
        Every further column of the source.
    files : tuple of str
        Where each image came from, relative to the source.
    card : str
        The data card in Markdown.
    simulated : bool
        Whether the grey values were simulated.
    notes : tuple of str
        What the loader did and a lesson should say.
    """

    name: str
    images: np.ndarray | list[np.ndarray]
    unit: str
    labels: np.ndarray
    class_names: tuple[str, ...]
    patients: np.ndarray
    patients_known: bool
    split: np.ndarray | None
    spacing: np.ndarray | None
    diameter: np.ndarray | None
    masks: np.ndarray | list[np.ndarray] | None
    table: dict[str, np.ndarray]
    files: tuple[str, ...]
    card: str
    simulated: bool
    notes: tuple[str, ...] = ()

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

    def take(self, indices: np.ndarray) -> ImageSet:
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
    """ECG recordings of one source.

    Parameters
    ----------
    name : str
        ``"default"``, the name of a download, or the name of the user's folder.
    recordings : tuple of Recording
        One or more per subject.
    split : dict of str to str, or None
        Subject to ``"train"``, ``"val"`` or ``"test"`` when the source decides it.
    card : str
        The data card in Markdown.
    simulated : bool
        Whether the signals were simulated.
    notes : tuple of str
        What the loader did and a lesson should say, such as records that were left out.
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
