"""Lesson 23 plants known faults into a copy of the data, so that an inspection finds something.

Nothing here touches a user's data: `folder` writes a new folder, a change gives back a copy.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from medtutor.types import ImageSet, Recording

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def saved_again(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Save an 8-bit image as JPEG of quality 40 to 80, and read it again."""
    from PIL import Image

    file = io.BytesIO()
    quality = int(rng.integers(40, 81))
    Image.fromarray(image.astype(np.uint8)).save(file, "JPEG", quality=quality)
    file.seek(0)
    with Image.open(file) as again:
        return np.asarray(again, np.float32)


def shifted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift by 1 to 6 % of the side, each way; edge pixels are repeated."""
    most = max(1, round(0.06 * min(image.shape)))
    step = rng.integers(1, most + 1, 2) * rng.choice([-1, 1], 2)
    return ndimage.shift(image, step, order=0, mode="nearest")


def brightened(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change contrast by up to 30 % and brightness by up to 30 grey values, and clip."""
    changed = image * rng.uniform(0.7, 1.3) + rng.uniform(-30, 30)
    return np.clip(np.round(changed), 0, 255).astype(np.float32)


CHANGES: Mapping[str, Change] = {
    "exact copy": lambda image, rng: image.copy(),
    "saved again as JPEG": saved_again,
    "shifted": shifted,
    "brighter or darker": brightened,
    "mirrored": lambda image, rng: image[:, ::-1],
    "upside down": lambda image, rng: image[::-1],
}


def later(recording: Recording, rng: np.random.Generator) -> Recording:
    """Cut off the beginning, up to a third."""
    start = int(rng.integers(1, max(2, len(recording.signal) // 3)))
    kept = recording.beats >= start
    return replace(recording, signal=recording.signal[start:],
                   beats=recording.beats[kept] - start,
                   symbols=recording.symbols[kept])  # fmt: skip


def noisy(recording: Recording, rng: np.random.Generator) -> Recording:
    """Add a little noise, and move every beat by up to one sample, as another detector would."""
    noise = rng.normal(0, 0.1 * np.nanstd(recording.signal), recording.signal.shape)
    beats = np.sort(recording.beats + rng.integers(-1, 2, len(recording.beats)))
    return replace(recording, signal=(recording.signal + noise).astype(np.float32),
                   beats=np.clip(beats, 0, len(recording.signal) - 1))  # fmt: skip


RECORD_CHANGES: Mapping[str, Callable[[Recording, np.random.Generator], Recording]] = {
    "exact copy": lambda recording, rng: recording,
    "half the gain": lambda recording, rng: replace(recording, signal=recording.signal / 2),
    "other polarity": lambda recording, rng: replace(recording, signal=-recording.signal),
    "later start": later,
    "noise, other beats": noisy,
}


def eight_bit(image: np.ndarray) -> np.ndarray:
    """Stretch an image to whole numbers from 0 to 255, unless it is that already."""
    image = np.asarray(image, np.float32)
    if image.min() >= 0 and image.max() <= 255 and np.all(image == np.round(image)):
        return image
    low, high = np.percentile(image, [0.5, 99.5])
    return np.round(np.clip((image - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.float32)


def folder(target: Path, images: ImageSet, each: int = 6, seed: int = 0) -> dict[str, list[str]]:
    """Write images in HU as a folder with ``labels.csv`` and faults; say which files have which."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    for part in ("images", "masks"):
        (target / part).mkdir(parents=True)
    assert isinstance(images.masks, np.ndarray)
    outlines = [mask.astype(np.uint8) * 255 for mask in images.masks]
    grey = [np.round(np.clip((np.asarray(image) + 1000) / 1600, 0, 1) * 255).astype(np.float32)
            for image in images.images]  # fmt: skip
    rows = [[f"images/{k:04d}.png", images.class_names[images.labels[k]], str(images.patients[k]),
             k] for k in range(len(images))]  # fmt: skip
    order = rng.permutation(len(images))
    truth: dict[str, list[str]] = {}
    dull = [k for k in order if images.labels[k] == 0][:30]
    for k in dull:  # stretched from minimum to maximum with padding of -2000 in a corner
        corner = np.add.outer(np.arange(grey[k].shape[0]), np.arange(grey[k].shape[1])) < 12
        grey[k] = np.where(corner, 0, np.round(110 + grey[k] * 145 / 255))
    truth["washed out"] = [rows[k][0] for k in dull]
    rest = iter(k for k in order[::-1] if k not in set(dull))
    for kind, change in CHANGES.items():
        for _ in range(each):
            k = next(rest)
            grey.append(change(grey[k], rng))
            turned = kind in ("mirrored", "upside down")  # the outline of a shifted copy stays
            outlines.append(change(outlines[k], rng) if turned else outlines[k])
            suffix = ".jpg" if "JPEG" in kind else ".png"
            name, number = f"images/{len(rows):04d}{suffix}", len(grey) - len(images)
            rows.append([name, rows[k][1], f"NEW-{number:02d}", k])
            truth.setdefault(kind, []).append(name)
    border = [next(rest) for _ in range(each)]
    for k in border:
        grey[k][:, :6] = 0
    truth["padding"] = [rows[k][0] for k in border]
    for (name, *_), picture, outline in zip(rows, grey, outlines, strict=True):
        Image.fromarray(picture.astype(np.uint8)).save(target / name, quality=70)
        beside = (target / "masks" / Path(name).name).with_suffix(".png")
        Image.fromarray(np.ascontiguousarray(outline)).save(beside)
    broken = [rows[next(rest)][0] for _ in range(3)]
    for name, cut in zip(broken, (0, 200, 1000), strict=True):
        (target / name).write_bytes((target / name).read_bytes()[:cut])
    truth["unreadable"] = broken
    nameless = [next(rest) for _ in range(4)]
    for k in nameless:
        rows[k][2] = ""
    truth["no patient"] = [rows[k][0] for k in nameless]
    with (target / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "label", "patient", "pixel_spacing_mm", "eq_diam_mm"])
        assert images.spacing is not None
        assert images.diameter is not None
        for name, label, patient, k in rows:
            table.writerow([name, label, patient, f"{images.spacing[k]:.4f}",
                            f"{images.diameter[k]:.2f}"])  # fmt: skip
    return truth
