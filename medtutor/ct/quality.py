"""Faults that are cheaper to find before a network learns them.

Every check gives flags with a reason and repairs nothing: a person looks at what was flagged. A
level that is compared with the other images of the set (noise, streaks) is called far off when it
lies many robust standard deviations above their median (Leys et al., J Exp Soc Psychol 49:764,
2013).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage

from medtutor.ct import headers, series
from medtutor.errors import DataError
from medtutor.types import Flag

__all__ = ["Flag", "check_crops", "check_series", "table"]

# Robust standard deviations above the others; streaks, which are a ratio, by their logarithm.
FAR = {"noise": 8.0, "streaks": 4.5}
MOST_PADDING = 0.02  # share of a crop that may lie outside the scanned field
MOST_SATURATED = 0.02  # share of a crop that may have its highest value
SAME = 0.995  # correlation above which two crops count as one
TWIN_SIZE = 16  # pixels per side at which crops are compared


def check_series(folder: str | Path) -> list[Flag]:
    """Look at all slices of a series and list what is wrong, instead of stopping at the first."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError("it is not a folder", folder, "Check the path.")
    slices, found = headers.read_headers(folder, strict=False)
    flags = [flag for flag in found if flag.check != "left out"]
    # Reports and localizers are no slices; `read_series` passes them over, too.
    slices = [
        item
        for item in slices
        if item.is_image and "LOCALIZER" not in (item.header.get("ImageType") or ())
    ]
    if not slices:
        raise DataError("no readable DICOM slice is in it", folder, "Give the folder of a series.")
    first = slices[0]
    cosines = np.asarray(first.header.get("ImageOrientationPatient") or [1, 0, 0, 0, 1, 0], float)
    normal = np.cross(cosines[:3], cosines[3:])
    placed = []
    for item in slices:
        if what := series.differs(item, first):
            flags.append(Flag(item.path.name, "grid", f"another {what} than {first.path.name}"))
        position = item.header.get("ImagePositionPatient")
        if position is None:
            flags.append(Flag(item.path.name, "spacing", "does not say where it lies"))
        else:
            placed.append((float(np.asarray(position, float) @ normal), item.path.name))
    return flags + _positions(sorted(placed))


def _positions(placed: list[tuple[float, str]]) -> list[Flag]:
    """Flag twins, gaps and uneven steps along the stack."""
    flags = []
    unique = placed[:1]
    for here in placed[1:]:
        if here[0] - unique[-1][0] < 1e-3:
            reason = f"same position as {unique[-1][1]}, {here[0]:g} mm"
            flags.append(Flag(here[1], "duplicate", reason))
        else:
            unique.append(here)
    steps = np.diff([position for position, _ in unique])
    usual = float(np.median(steps)) if len(steps) else 0.0
    for step, (low, name), (high, after) in zip(steps, unique, unique[1:], strict=False):
        count = max(1, round(step / usual))
        if abs(step - count * usual) > series.STEP_TOLERANCE * usual:
            reason = f"{step:g} mm apart, the others {usual:g} mm"
            flags.append(Flag(f"{name} and {after}", "spacing", reason))
        elif count > 1:
            reason = f"{count - 1} missing between {low:g} and {high:g} mm"
            flags.append(Flag(f"{name} and {after}", "missing", reason))
    return flags


def check_crops(
    images: Sequence[np.ndarray] | np.ndarray, names: Sequence[str] | None = None
) -> list[Flag]:
    """Look at every crop of a data set."""
    pictures = [np.asarray(image, np.float32) for image in images]
    names = [f"image {k}" for k in range(len(pictures))] if names is None else list(names)
    flags = []
    flat = np.array([np.ptp(p) == 0 or np.mean(p == np.median(p)) > 0.9 for p in pictures], bool)
    for i in np.flatnonzero(flat):
        flags.append(Flag(names[i], "constant", "nearly all pixels have one value"))
    alive = np.flatnonzero(~flat)
    for i in alive:
        outside, full = padding(pictures[i]), saturation(pictures[i])
        if outside > MOST_PADDING:
            flags.append(Flag(names[i], "padding", f"{outside:.0%} of it is an empty border"))
        if full > MOST_SATURATED:
            flags.append(Flag(names[i], "saturated", f"{full:.0%} of it has the highest value"))
    levels = {
        "noise": np.array([noise_level(pictures[k]) for k in alive]),
        "streaks": np.array([streakiness(pictures[k]) for k in alive]),
    }
    for check, level in levels.items():
        known = level > 0  # 0 is no level: most of the picture has no detail, as a black border
        level = np.log(level[known]) if check == "streaks" else level[known]
        for i, off in zip(alive[known], robust_z(level), strict=True):
            if off > FAR[check]:
                many = f"{off:.0f}" if off < 100 else "over 100"  # the others may hardly differ
                flags.append(Flag(names[i], check, f"{many} robust deviations above the others"))
    for k, other in twins([pictures[i] for i in alive]):
        reason = f"the same picture as {names[alive[other]]}"
        flags.append(Flag(names[alive[k]], "duplicate", reason))
    return flags


def padding(image: np.ndarray) -> float:
    """Give the share of the image in rows and columns at its border that hold one value only."""
    empty_rows, empty_columns = (np.ptp(image, axis=axis) == 0 for axis in (1, 0))
    inside_rows = image.shape[0] - _run(empty_rows) - _run(empty_rows[::-1])
    inside_columns = image.shape[1] - _run(empty_columns) - _run(empty_columns[::-1])
    return 1 - max(0, inside_rows) * max(0, inside_columns) / image.size


def _run(empty: np.ndarray) -> int:
    """Count how many are true before the first that is not."""
    return int(np.argmin(empty)) if not empty.all() else len(empty)


def saturation(image: np.ndarray) -> float:
    """Give the share of the pixels that have the highest value of the image."""
    return float(np.mean(image == image.max()))


def noise_level(image: np.ndarray) -> float:
    """Measure the standard deviation of fine noise, from a mask that ignores edges and slopes."""
    # Immerkær, Comput Vis Image Underst 64:300 (1996); the median leaves edges out.
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    fine = ndimage.convolve(image, mask, mode="nearest")[1:-1, 1:-1]
    return float(np.median(np.abs(fine)) / 0.6745 / 6)


def streakiness(image: np.ndarray) -> float:
    """Say how much of the fine detail runs in one direction; 1 if in all alike."""
    # Streaks from metal or few photons are parallel lines, which the Fourier transform gathers on
    # one ray: the strongest of 36 directions, divided by the median of all.
    fine = image - ndimage.gaussian_filter(image, 2, mode="nearest")
    most = float(np.median(np.abs(fine))) / 0.6745  # the chest wall is a strong straight edge too
    fine = np.clip(fine, -most, most)
    window = np.outer(*(np.hanning(n) for n in image.shape))
    power = np.abs(np.fft.fft2((fine - fine.mean()) * window)) ** 2
    fy, fx = np.meshgrid(*(np.fft.fftfreq(n) for n in image.shape), indexing="ij")
    ring = (np.hypot(fx, fy) > 0.1) & (np.hypot(fx, fy) < 0.4)
    if not ring.any():  # a picture of two pixels has no directions
        return 0.0
    direction = ((np.degrees(np.arctan2(fy, fx)) + 2.5) % 180 // 5).astype(int)[ring]
    counts = np.bincount(direction, minlength=36)
    energy = (np.bincount(direction, power[ring], 36) / np.maximum(counts, 1))[counts > 0]
    return float(energy.max() / max(float(np.median(energy)), 1e-12))


def robust_z(values: np.ndarray) -> np.ndarray:
    """Distance from the median in units of 1.4826 times the median absolute deviation."""
    if len(values) == 0:
        return np.empty(0)
    off = np.asarray(values, float) - np.median(values)
    return off / max(1.4826 * float(np.median(np.abs(off))), 1e-9)


def twins(images: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """Pair each crop that has a twin, in any grey scale, with the first of its twins."""
    from medtutor.ct.preprocess import resize

    if not len(images):
        return []
    small = np.stack([resize(image, TWIN_SIZE).ravel() for image in images])
    small = small - small.mean(axis=1, keepdims=True)
    small /= np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-9)
    alike = small @ small.T > SAME
    np.fill_diagonal(alike, False)
    return [(int(k), int(np.argmax(alike[k]))) for k in np.flatnonzero(alike.any(axis=1))]


def table(flags: Sequence[Flag], most: int = 12) -> str:
    """Write flags as lines of text, one a flag."""
    if not flags:
        return "nothing flagged"
    width = [max(len(flag[k]) for flag in flags[:most]) for k in range(2)]
    lines = [f"{f.item:{width[0]}}  {f.check:{width[1]}}  {f.reason}" for f in flags[:most]]
    if len(flags) > most:
        lines.append(f"… and {len(flags) - most} more")
    return "\n".join(lines)
