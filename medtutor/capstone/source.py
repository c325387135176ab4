"""Open what ``--data`` names, whatever it is, and say where the results go."""

import csv
import os
import shutil
import tempfile
from collections.abc import Set
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from medtutor import datasets, ledger, manifests, paths
from medtutor.capstone.beats import Beats
from medtutor.capstone.outlines import Outlines
from medtutor.capstone.pictures import SIDE, Pictures
from medtutor.capstone.records import LENGTH, Records
from medtutor.datasets import SOURCE, arrays, folders, registry
from medtutor.datasets.images import has_colour, stack
from medtutor.errors import DataError, SplitError
from medtutor.types import EcgSet, Flag, ImageSet

LONGEST = 512  # pixels per side; an image with at least twice as many is made lighter
FOLDER = "own_data"  # of the results, inside the folder of the run
TASK = "MEDTUTOR_TASK"  # names what is asked of the data


def open_source(
    source: str | Path | None = None, task: str | None = None
) -> Pictures | Outlines | Records | Beats:
    """Open a folder or a file, or a named source, and ask one thing of it.

    Of images ``classes``, or ``outlines`` where they come with some (it is the first choice where
    there are no labels); of ECG records the heart ``rate``, or ``beats`` by name. By default what
    the environment variable ``MEDTUTOR_TASK`` says.
    """
    work = _open(source)
    asked = task or os.environ.get(TASK)
    if isinstance(work, Pictures):
        if not asked:
            asked = "classes" if len(work.class_names) > 1 else "outlines"
        if asked == "outlines":
            return Outlines.of(work)
        if asked == "classes" and len(work.class_names) < 2:
            raise DataError(
                "all images have one label", remedy="Add a second class, or ask for outlines."
            )
    elif asked == "beats":
        return Beats.of(work)
    if asked and asked != work.task:
        can = "classes or outlines" if work.kind == "images" else "rate or beats"
        raise DataError(
            f"{asked!r} cannot be asked of {work.kind}",
            remedy=f"Choose {can} as the task ({TASK}, or --task).",
        )
    return work


def _open(source: str | Path | None) -> Pictures | Records:
    """Open a folder of images, DICOM slices or ECG records, a MedMNIST file, or a named source."""
    chosen = str(source) if source is not None else os.environ.get(SOURCE) or "default"
    if chosen == "default":
        return _pictures(datasets.load_ct("default"))
    named = registry.sources().get(chosen)
    if chosen == "ecg_simulated" or (named is not None and not Path(chosen).exists()):
        if named is not None and named.kind == "ecg":
            return _records(datasets.load_ecg(chosen), [], Path(chosen))
        return _pictures(datasets.load_ct(chosen))
    path = Path(chosen).expanduser()
    if not path.exists():
        raise DataError("it is not there", path, "Check the path.")
    inside = sorted(path.glob("*.npz")) if path.is_dir() else []
    if path.is_dir() and any(not p.name.startswith(".") for p in path.glob("*.hea")):
        found, flags = _read_records(path)
        return _records(found, flags, path)
    if len(inside) == 1 and not (path / "labels.csv").is_file():
        path = inside[0]
    if path.suffix.lower() == ".npz":
        return _pictures(datasets.load_ct(path), path)
    images, faults, colour = folders.survey(path, side=SIDE)
    return Pictures(lighter(images), faults, colour)


def lighter(images: ImageSet) -> ImageSet:
    """Average blocks of pixels where an image has far more than are looked at; keep its scale."""
    factors = np.array([max(image.shape) // LONGEST for image in images.images])
    if np.all(factors < 2):
        return images
    factors = np.maximum(factors, 1)

    def blocks(image: np.ndarray, k: int) -> np.ndarray:
        k = min(k, *image.shape)
        height, width = (n // k for n in image.shape)
        cut = np.asarray(image)[: height * k, : width * k]
        return cut.reshape(height, k, width, k).mean(axis=(1, 3), dtype=np.float32)

    pictures = [blocks(i, k) for i, k in zip(images.images, factors, strict=True)]
    masks = images.masks
    if masks is not None:
        masks = [blocks(mask, k) >= 0.5 for mask, k in zip(masks, factors, strict=True)]
    table = dict(images.table)
    for name in {"cx", "cy"} & set(table):
        table[name] = ((table[name].astype(float) - (factors - 1) / 2) / factors).astype(str)
    spacing = None if images.spacing is None else images.spacing * factors.astype(np.float32)
    return replace(images, images=stack(pictures), masks=masks, spacing=spacing, table=table)


def output_folder(data: str | Path | None = None) -> Path:
    """Make the folder for the card, the model and the tables; never inside the data.

    Beside the results of a run; else in the learner's workspace, when the data are the learner's;
    else in a temporary folder that goes when the kernel does.
    """
    results = os.environ.get(ledger.RESULTS)
    chosen = str(data) if data is not None else os.environ.get(SOURCE) or "default"
    if results:
        parent = Path(results).resolve().parent
    elif ledger.source_in_use():
        parent = Path(_temporary().name)
    else:
        parent = paths.workspace() / "results"
    source = Path(chosen).expanduser().resolve()
    source = source.parent if source.is_file() else source
    if source.is_dir() and parent.is_relative_to(source):
        raise DataError(
            "the results would be written into the folder of your data",
            parent,
            "Give a folder outside of it: medtutor run 23 --data … --out …",
        )
    target = parent / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for old in (*target.glob("figure_*.png"), target / "model.onnx"):
        old.unlink(missing_ok=True)  # of an earlier card, which they would seem to belong to
    return target


@cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()  # removed when the process ends


def _pictures(images: ImageSet, path: Path | None = None) -> Pictures:
    """Make work of a set that is already loaded: thin it, keep its colours, forget false ids."""
    keep = np.arange(len(images))
    if len(images) > folders.MOST:
        rng = np.random.default_rng(0)
        keep = np.sort(rng.choice(len(images), folders.MOST, replace=False))
        note = f"{folders.MOST} of {len(images)} images were drawn at random and read"
        images = replace(images.take(keep), notes=(*images.notes, note))
    if not images.patients_known:
        images = replace(images, patients=np.full(len(images), ""))
    if not images.card:
        card = f"### Your own file: {images.name}\n\n{len(images)} images. Origin, licence and how "
        images = replace(images, card=card + "the labels were made are known to you only.")
    return Pictures(images, [], None if path is None else _colours(path, keep))


def _colours(path: Path, keep: np.ndarray) -> np.ndarray | None:
    """Take the colours of a MedMNIST file, resized; None where it is grey."""
    from medtutor.ct.preprocess import resize

    found = arrays.read_arrays(path)
    names = [f"{part}_images" for part in ("train", "val", "test")]
    parts = [found[name] for name in names if name in found]
    channel, volume = arrays.layout(parts[0].shape, path) if parts else (None, False)
    if channel is None or volume or parts[0].shape[channel] != 3:
        return None
    colours = np.moveaxis(np.concatenate(parts)[keep], channel, 1)
    if not has_colour(np.moveaxis(colours[:200], 1, -1).astype(np.float32)):
        return None
    small = [[resize(plane, SIDE) for plane in picture] for picture in colours]
    return np.moveaxis(np.array(small), 1, -1)


def _records(data: EcgSet, flags: list[Flag], path: Path) -> Records:
    """Cut records into windows."""
    from medtutor.ecg import segments
    from medtutor.ecg.io import DS1, DS2, PACED

    names = {recording.name for recording in data.recordings}
    known = data.simulated or (path / "split.csv").is_file() or names <= {*DS1, *DS2, *PACED}
    return Records(data, segments.cut(data.recordings, LENGTH), flags, known)


def _read_records(folder: Path) -> tuple[EcgSet, list[Flag]]:
    """Read a folder of records; if one is damaged, find out which, and read the others."""
    from medtutor.ecg.io import LeftOut, MissingLead, read_record

    try:
        return datasets.load_ecg(folder), []
    except DataError as error:
        first = error
    headers = {path.stem: path for path in sorted(folder.glob("[!.]*.hea"))}
    flags = []
    for name, header in headers.items():
        try:
            with suppress(LeftOut):  # its note comes when all are read
                try:
                    read_record(header)
                except MissingLead:  # its first lead is read where no record has the usual one
                    read_record(header, lead=None)
        except DataError as error:
            flags.append(Flag(name, "unreadable", error.problem))
    damaged = {flag.item for flag in flags}
    if not flags or len(flags) == len(headers):
        raise first
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / folder.resolve().name
        copy.mkdir()
        # A header may name signal files of any name: all go along but the damaged headers.
        for file in folder.iterdir():
            if file.is_file() and not (file.suffix == ".hea" and file.stem in damaged):
                shutil.copy(file, copy)
        _copy_split(folder, copy, damaged)
        try:
            return datasets.load_ecg(copy), flags
        except (DataError, SplitError) as error:  # it would name the copy, which goes
            what = f"without {', '.join(sorted(damaged))}, which cannot be read: {error.problem}"
            raise type(error)(what, folder, error.remedy) from error


def _copy_split(folder: Path, copy: Path, damaged: Set[str]) -> None:
    """Take over the rows of ``split.csv``, but for those of records that cannot be read."""
    path = folder / "split.csv"
    if not path.is_file():
        return
    rows = manifests.read(path, ("record", "subject", "split"))
    rows = rows.take(k for k, record in enumerate(rows["record"]) if record not in damaged)
    with (copy / "split.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([list(rows), *zip(*rows.values(), strict=True)])
