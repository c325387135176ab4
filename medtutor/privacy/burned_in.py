"""Find text that is painted into an image, and paint over it.

Text on an image is made of many small marks of one height, side by side on one line, and all of
them equally bright. Little in a body looks like that. The search needs no letters to be read; it
misses handwriting, faint text and text larger than 48 pixels. It is a help and not a proof.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

STROKE = 9  # pixels: a thinner structure can be the stroke of a letter
HEIGHT = (5, 48)  # pixels of a letter
FEWEST = 4  # marks on a line
SAME_HEIGHT = 0.35  # heights within a line differ by at most this part of the largest
SAME_BRIGHTNESS = 0.06  # so do the marks' brightest values, as a part of their contrast
NOISE = 3.5  # a stroke stands out from the grain of the image by this many times its median
PARTS = (0.6, 0.45, 0.3, 0.2, 0.13, 0.08)  # thresholds, of the strongest stroke in the image
ROUNDS = 4  # painting over one line can uncover another


class Box(NamedTuple):
    """A rectangle in pixels; bottom and right are the first ones outside."""

    top: int
    left: int
    bottom: int
    right: int


def find_text(image: np.ndarray) -> list[Box]:
    """Find lines of text in one image."""
    grey = np.asarray(image, np.float32)
    grey = grey.mean(axis=2) if grey.ndim == 3 else grey
    if min(grey.shape) < 2 * HEIGHT[0] or np.ptp(grey) == 0:
        return []
    found: list[Box] = []
    for sign in (1, -1):  # bright letters, then dark ones
        plane = sign * grey
        thin = plane - ndimage.grey_opening(plane, STROKE)
        noise = NOISE * float(np.median(thin))
        for threshold in {max(part * float(thin.max()), noise) for part in PARTS}:
            found += _lines(plane, thin, threshold)
    return sorted(set(_merged(found)))


def _lines(plane: np.ndarray, thin: np.ndarray, threshold: float) -> list[Box]:
    """Group the marks above a threshold into lines."""
    labels, count = ndimage.label(thin > threshold, np.ones((3, 3)))
    if not 0 < count <= 500_000:
        return []
    slices = ndimage.find_objects(labels)
    tops, bottoms, lefts, rights = (
        np.array([s[axis].start if low else s[axis].stop for s in slices])
        for axis, low in ((0, True), (0, False), (1, True), (1, False))
    )
    height, width = bottoms - tops, rights - lefts
    fits = (height >= HEIGHT[0]) & (height <= HEIGHT[1]) & (width <= 6 * height)
    order = np.flatnonzero(fits)[np.argsort(lefts[fits], kind="stable")]
    own = [(slices[k], labels[slices[k]] == k + 1) for k in order]
    peak = np.array([plane[place][mark].max() for place, mark in own])
    contrast = np.array([thin[place][mark].max() for place, mark in own])
    marks = np.stack([tops, bottoms, lefts, rights, height], 1)[order]
    return _chains(marks, peak, contrast)


def _chains(marks: np.ndarray, peak: np.ndarray, contrast: np.ndarray) -> list[Box]:
    """Follow each mark to the right as long as the next one is its like."""
    free = np.ones(len(marks), bool)
    boxes = []
    for first in range(len(marks)):
        if not free[first]:
            continue
        chain = [first]
        while (step := _next(marks, peak, contrast, free, chain)) is not None:
            chain.append(step)
        if len(chain) >= FEWEST:
            free[chain] = False
            top, _, left, _, tall = marks[chain].min(0)
            _, bottom, _, right, _ = marks[chain].max(0)
            pad = 1 + tall // 3
            boxes.append(Box(max(top - pad, 0), max(left - pad, 0), bottom + pad, right + pad))
    return [Box(*map(int, box)) for box in boxes]


def _next(
    marks: np.ndarray, peak: np.ndarray, contrast: np.ndarray, free: np.ndarray, chain: list[int]
) -> int | None:
    """Find the nearest mark to the right with the same height, baseline and brightness."""
    last = chain[-1]
    tall = max(marks[k, 4] for k in chain)
    gap = marks[:, 2] - marks[last, 3]
    alike = (
        free
        & (marks[:, 2] > marks[last, 2])
        & (gap <= 1.2 * tall)
        & (gap >= -2)
        & (np.abs(marks[:, 4] - marks[last, 4]) <= max(SAME_HEIGHT * tall, 2))
        & (np.abs(marks[:, 1] - marks[last, 1]) <= max(SAME_HEIGHT * tall, 2))
        & (np.abs(peak - peak[chain[0]]) <= SAME_BRIGHTNESS * contrast[chain[0]])
    )
    candidates = np.flatnonzero(alike)
    return int(candidates[np.argmin(gap[candidates])]) if len(candidates) else None


def _merged(boxes: list[Box]) -> list[Box]:
    """Join boxes that overlap."""
    merged: list[Box] = []
    for box in sorted(boxes):
        for k, other in enumerate(merged):
            upright = box.top < other.bottom and other.top < box.bottom
            if upright and box.left < other.right and other.left < box.right:
                merged[k] = Box(
                    *(min(a, b) for a, b in zip(box[:2], other[:2], strict=True)),
                    *(max(a, b) for a, b in zip(box[2:], other[2:], strict=True)),
                )
                break
        else:
            merged.append(box)
    return merged


def paint_over(image: np.ndarray, boxes: list[Box]) -> np.ndarray:
    """Fill boxes with the darkest value of the image; gives a copy."""
    covered = image.copy()
    for box in boxes:
        covered[box.top : box.bottom, box.left : box.right] = image.min()
    return covered


def clean_frames(frames: np.ndarray) -> tuple[np.ndarray, list[Box]]:
    """Paint over all text, in every frame, until none is found; ValueError if some is left."""
    boxes: list[Box] = []
    for rounds in range(ROUNDS + 1):
        new = [box for frame in frames for box in find_text(frame)]
        if not new:
            return frames, boxes
        if rounds == ROUNDS:
            break
        new = [_widened(box) for box in _merged(new)]
        boxes += new
        frames = np.stack([paint_over(frame, new) for frame in frames])
    raise ValueError("text is left")


def _widened(box: Box) -> Box:
    """Reach past both ends of a line, where a comma or a lone letter may stand."""
    tall = box.bottom - box.top
    return Box(box.top, max(box.left - tall, 0), box.bottom, box.right + tall)


def frames_of(dataset: Any) -> np.ndarray:
    """Decode the pixels, always with an axis for the frames."""
    with warnings.catch_warnings(action="ignore"):  # on bytes behind the pixels
        pixels = dataset.pixel_array
    colours = int(dataset.get("SamplesPerPixel") or 1) > 1
    return pixels[None] if pixels.ndim == (3 if colours else 2) else pixels
