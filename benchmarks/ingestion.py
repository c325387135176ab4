"""How long from files to arrays? Our readers, and the loops that people write around each library.

    python benchmarks/ingestion.py
    python benchmarks/ingestion.py --real FOLDER     with mitdb/ and a DICOM series of real people

Both take turns, and must give the same numbers, or nothing is said. Ours also check what they read;
the loops believe every file.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import common
import keras
import numpy as np
import pydicom
import wfdb
from PIL import Image

from medtutor import datasets, paths
from medtutor.ct import phantom
from medtutor.ct.series import read_series
from medtutor.ecg import segments
from medtutor.ecg.beats import BEAT_CODES
from medtutor.ecg.io import PACED, read_folder
from medtutor.types import Windows

LENGTH, BATCH, EPOCHS = 2000, 32, 10


def measure(toy: bool, real: Path | None = None) -> list[common.Row]:
    """Give a row for each kind of file and rival."""
    seconds = 0.1 if toy else 4.0
    rows = []
    with tempfile.TemporaryDirectory() as room:
        slices = _slices(Path(room, "ct"), 3 if toy else 60, 64 if toy else 512)
        records = _records(Path(room, "ecg"), 2) if toy else paths.data() / "ecg_simulated"
        rows += _ecg(records, "simulated", seconds)
        rows += _dicom(slices, "simulated", seconds)
        if real:
            rows += _ecg(real / "mitdb", "real", seconds)
            rows += _dicom(real / "ct_lung_dx_A0002", "real", seconds)
        rows += _pictures(Path(room, "png"), 40 if toy else None, seconds)
    return rows


def _row(
    what: str, data: str, rival: str, contestants: dict[str, Callable[[], Any]], seconds: float
) -> common.Row:
    took = common.medians(contestants, seconds)
    return {
        "what": what,
        "data": data,
        "rival": rival,
        "ms": took["ours"],
        "rival_ms": took["rival"],
        "ratio": took["rival"] / took["ours"],
    }


# ------------------------------ WFDB to labelled windows


def _records(folder: Path, count: int) -> Path:
    folder.mkdir()
    for path in (paths.data() / "ecg_simulated").glob(f"S00[1-{count}].*"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def _ecg(folder: Path, data: str, seconds: float) -> list[common.Row]:
    def ours() -> Windows:
        return segments.cut(read_folder(folder).recordings, LENGTH)

    names = [path.stem for path in sorted(folder.glob("*.hea")) if path.stem not in PACED]
    rows = []
    for rival, rates in (("wfdb, beats in a list", _by_list), ("wfdb, beats by mask", _by_mask)):
        mine = ours()
        _compare(mine, *_loop(folder, names, rates))
        what = f"{len(names)} records to {len(mine):,} labelled windows"
        contest = {"ours": ours, "rival": lambda rates=rates: _loop(folder, names, rates)}
        rows.append(_row(what, data, rival, contest, seconds))
    return rows


def _compare(mine: Windows, places: list[tuple[str, int]], x: np.ndarray, rate: np.ndarray) -> None:
    """Refuse to time what differs; ours leaves flat windows out, and puts lead MLII first."""
    row = {place: k for k, place in enumerate(places)}
    index = [row[place] for place in zip(mine.record, mine.start, strict=True)]
    same = np.allclose(np.sort(mine.signal, axis=2), np.sort(x[index], axis=2), atol=1e-5)
    if not (same and np.allclose(mine.rate, rate[index])):
        raise SystemExit("the loop gives other windows or rates")


def _loop(
    folder: Path, names: list[str], rates: Callable
) -> tuple[list[tuple[str, int]], np.ndarray, np.ndarray]:
    places, windows, labels = [], [], []
    for name in names:
        record = wfdb.rdrecord(str(folder / name))
        marks = wfdb.rdann(str(folder / name), "atr")
        for start, rate in rates(marks, record.sig_len, record.fs):
            places.append((name, start))
            windows.append(record.p_signal[start : start + LENGTH].astype(np.float32))
            labels.append(rate)
    return places, np.stack(windows), np.array(labels)


def _by_list(marks: Any, samples: int, fs: float) -> Iterator[tuple[int, float]]:
    pairs = zip(marks.sample, marks.symbol, strict=True)
    beats = [sample for sample, symbol in pairs if symbol in BEAT_CODES]
    for start in range(0, samples - LENGTH + 1, LENGTH):
        inside = [beat for beat in beats if start <= beat < start + LENGTH]
        if len(inside) >= 2:
            yield start, 60 * fs * (len(inside) - 1) / (inside[-1] - inside[0])


def _by_mask(marks: Any, samples: int, fs: float) -> Iterator[tuple[int, float]]:
    beats = marks.sample[np.isin(marks.symbol, list(BEAT_CODES))]
    for start in range(0, samples - LENGTH + 1, LENGTH):
        inside = beats[(beats >= start) & (beats < start + LENGTH)]
        if len(inside) >= 2:
            yield start, 60 * fs * (len(inside) - 1) / (inside[-1] - inside[0])


# ------------------------------ DICOM to Hounsfield units


def _slices(folder: Path, slices: int, size: int) -> Path:
    folder.mkdir()
    phantom.write_series(folder, slices=slices, size=size)
    return folder


def _dicom(folder: Path, data: str, seconds: float) -> list[common.Row]:
    def loop() -> np.ndarray:
        slices = [pydicom.dcmread(path) for path in folder.rglob("*.dcm")]
        slices.sort(key=lambda s: s.ImagePositionPatient[2])
        return np.stack([s.pixel_array * s.RescaleSlope + s.RescaleIntercept for s in slices])

    hu = read_series(folder).hu
    if not np.array_equal(hu, np.maximum(loop(), -1024)):
        raise SystemExit("the loop gives other Hounsfield units")
    contest = {"ours": lambda: read_series(folder), "rival": loop}
    what = "{} slices of {} x {} to HU".format(*hu.shape)
    return [_row(what, data, "pydicom", contest, seconds)]


# ------------------------------ pictures to batches


def _pictures(folder: Path, most: int | None, seconds: float) -> list[common.Row]:
    nodules = datasets.load_ct("default")
    for k, (image, label) in enumerate(zip(nodules.images[:most], nodules.labels, strict=False)):
        path = folder / nodules.class_names[label] / f"{k:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = np.clip((image + 1000) / 1400 * 255, 0, 255)
        Image.fromarray(grey.astype(np.uint8)).save(path)
    side = nodules.images[0].shape[:2]

    def ours(epochs: int) -> float:
        found = datasets.load_ct(folder, progress=False)
        pictures = np.stack(found.images)[..., None]
        total, rng = 0.0, np.random.default_rng(0)
        for _ in range(epochs):
            order = rng.permutation(len(pictures))
            for start in range(0, len(order), BATCH):
                total += _sum(pictures[order[start : start + BATCH]])
        return total

    def keras_loop(epochs: int) -> float:
        total, rng = 0.0, np.random.default_rng(0)
        files = sorted(folder.rglob("*.png"))
        for _ in range(epochs):
            order = rng.permutation(len(files))
            for start in range(0, len(order), BATCH):
                chosen = [files[k] for k in order[start : start + BATCH]]
                total += _sum(np.stack([_load(path) for path in chosen]))
        return total

    def keras_dataset(epochs: int) -> float:
        batches = keras.utils.image_dataset_from_directory(
            folder, color_mode="grayscale", image_size=side, batch_size=BATCH, verbose=False
        )
        return sum(_sum(x) for _ in range(epochs) for x, _ in batches)

    rows = []
    for epochs in (1, EPOCHS):
        rivals = {"load_img": keras_loop, "image_dataset_from_directory": keras_dataset}
        for name, rival in rivals.items():
            if ours(epochs) != rival(epochs):
                raise SystemExit("the loop gives other pictures")
            contest = {
                "ours": lambda epochs=epochs: ours(epochs),
                "rival": lambda epochs=epochs, rival=rival: rival(epochs),
            }
            times = "1 epoch" if epochs == 1 else f"{epochs} epochs"
            what = f"{len(list(folder.rglob('*.png')))} PNG to the batches of {times}"
            rows.append(_row(what, "simulated", f"Keras, {name}", contest, seconds))
    return rows


def _sum(batch: Any) -> float:
    """Add up the pixels, exactly: a batch is used, and both sides must have used the same."""
    return float(np.sum(np.asarray(batch), dtype=np.float64))


def _load(path: Path) -> np.ndarray:
    return keras.utils.img_to_array(keras.utils.load_img(path, color_mode="grayscale"))


def main() -> None:
    parser: argparse.ArgumentParser = common.options(__doc__)
    parser.add_argument("--real", type=Path, help="folder of data of real people")
    chosen = parser.parse_args()
    common.finish(measure(chosen.toy, chosen.real), chosen.json)


if __name__ == "__main__":
    main()
