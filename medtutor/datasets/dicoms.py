"""Labelled DICOM: one slice for each row of the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medtutor.errors import DataError


class Slice(NamedTuple):
    """One CT slice: HU of shape (h, w), millimetres per pixel, and the patient's id."""

    hu: np.ndarray
    spacing: float
    patient: str


def are_dicom(paths: Sequence[Path]) -> bool:
    """Tell whether a table lists DICOM; a folder in it stands for a series.

    Parameters
    ----------
    paths : sequence of Path
        What the column ``file`` names.

    Raises
    ------
    DataError
        Some are DICOM and some are not: their grey scales have nothing in common.
    """
    from pydicom.misc import is_dicom

    kind = [path.is_dir() or path.suffix.lower() == ".dcm" or _opens(path, is_dicom)
            for path in paths]  # fmt: skip
    if any(kind) and not all(kind):
        other = paths[kind.index(False)]
        raise DataError(
            "some files of the table are DICOM and this one is not",
            other,
            "Use one kind: HU and the grey values of a picture cannot be compared.",
        )
    return bool(kind) and all(kind)


def _opens(path: Path, is_dicom) -> bool:  # type: ignore[no-untyped-def]
    """Look for the mark of DICOM in files that are not named as pictures."""
    pictures = (".png", ".jpg", ".jpeg")
    return path.suffix.lower() not in pictures and bool(is_dicom(path))


def read(path: Path, index: str = "") -> Slice:
    """Read one slice in Hounsfield units.

    Parameters
    ----------
    path : Path
        A DICOM file, or the folder of a series.
    index : str
        Which slice of a series, counted from 0 at the feet; the middle one when empty.

    Returns
    -------
    Slice

    Raises
    ------
    DataError
        It is no CT, it is damaged, or it has no such slice.
    """
    from medtutor.ct.series import read_series

    series = read_series(path)
    try:
        number = int(index) if index else len(series.hu) // 2
        if not 0 <= number < len(series.hu):
            raise ValueError
    except ValueError:
        raise DataError(
            f"slice {index!r} where the series has {len(series.hu)}",
            path,
            f"Write a whole number from 0 to {len(series.hu) - 1} into the column slice.",
        ) from None
    return Slice(series.hu[number], float(series.spacing[1]), series.patient_id)
