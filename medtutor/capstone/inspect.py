"""What is wrong with a folder of images, before anything is trained on it.

Every check gives flags; a flag is a question for a person, not a verdict. What one flag says about
many images is then asked once more by class: a fault that goes along with the label is a shortcut
that a network will take.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from medtutor.capstone.copies import Twin
from medtutor.ct import quality
from medtutor.types import Flag, ImageSet

WASHED_OUT = 0.2  # share of the grey scale that lies unused below the darkest pixels
LARGEST = 128  # pixels per side at which images are checked
RARE = 10  # patients of a class below which its test says next to nothing
UNEVEN = 4  # how many times the commonest class may be as common as the rarest
DOUBT = 0.01  # chance below which a fault is said to go along with the label


def faults(files: Sequence[str], pictures: Sequence[np.ndarray]) -> list[Flag]:
    """Check each image by itself: borders, one value, saturation, noise, washed-out grey."""
    flags = [flag for flag in quality.check_crops(pictures, files) if flag.check != "duplicate"]
    for file, picture in zip(files, pictures, strict=True):
        unused = unused_below(picture)
        if unused > WASHED_OUT:
            reason = f"{unused:.0%} of its grey scale lie below its darkest pixels but the lowest"
            flags.append(Flag(file, "washed out", reason))
    return flags


def unused_below(image: np.ndarray) -> float:
    """Give the share of an image's range that lies between its lowest value and all the others."""
    lowest, highest = float(image.min()), float(image.max())
    above = image[image > lowest]
    if highest == lowest or not above.size:
        return 0.0
    return float((np.percentile(above, 2) - lowest) / (highest - lowest))


def duplicates(images: ImageSet, found: Sequence[Twin]) -> list[Flag]:
    """Write pairs of the same picture as flags, one a pair; what is worse is said as well."""
    flags = []
    for twin in found:
        i, j = twin.first, twin.second
        how = "the same picture as" if twin.likeness > 0.9999 else "nearly the same picture as"
        how = "mirrored or turned, " + how if twin.mirrored else how
        worse = []
        if images.split is not None and images.split[i] != images.split[j]:
            worse.append(f"one in {images.split[i]}, one in {images.split[j]}")
        if images.labels[i] != images.labels[j]:
            names = (images.class_names[images.labels[k]] for k in (i, j))
            worse.append("labels " + " and ".join(names))
        if images.patients[i] and images.patients[j] and images.patients[i] != images.patients[j]:
            worse.append("two patients")
        reason = f"{how} {images.files[i]}" + (f" ({'; '.join(worse)})" if worse else "")
        flags.append(Flag(images.files[j], "duplicate", reason))
    return flags


def shared_patients(images: ImageSet) -> list[Flag]:
    """Name patients whom the given split has in more than one part."""
    if images.split is None:
        return []
    parts: dict[str, set[str]] = {}
    for patient, part in zip(images.patients, images.split, strict=True):
        if patient:
            parts.setdefault(str(patient), set()).add(str(part))
    return [
        Flag(patient, "two parts", "the given split has this patient in " + " and ".join(sorted(p)))
        for patient, p in parts.items()
        if len(p) > 1
    ]


def imbalance(labels: np.ndarray, groups: np.ndarray, class_names: Sequence[str]) -> list[Flag]:
    """Say which classes are rare, in images or in patients (`groups`)."""
    counts = np.bincount(labels, minlength=len(class_names))
    flags = []
    for k, name in enumerate(class_names):
        people = len(np.unique(groups[labels == k]))
        if people < RARE:
            flags.append(Flag(name, "rare class", f"{people} people or groups only"))
        elif counts[k] * UNEVEN < counts.max():
            reason = f"{counts[k]} samples; the commonest class has {counts.max()}"
            flags.append(Flag(name, "imbalance", reason))
    return flags


def shortcuts(images: ImageSet, flags: Sequence[Flag]) -> list[Flag]:
    """Find faults, file types and image sizes that go along with the label (chi-squared)."""
    from scipy.stats import chi2_contingency

    place = {file: k for k, file in enumerate(images.files)}
    traits: dict[str, np.ndarray] = {}
    for flag in flags:
        if flag.item in place and flag.check != "shortcut":
            trait = traits.setdefault(flag.check, np.zeros(len(images), bool))
            trait[place[flag.item]] = True
    types = np.array([PurePosixPath(file).suffix.lower() for file in images.files])
    sizes = np.array([f"{image.shape[0]} x {image.shape[1]}" for image in images.images])
    for what, values in (("file type", types), ("size", sizes)):
        for value in np.unique(values)[:20] if len(np.unique(values)) > 1 else ():
            traits[f"{what} {value}"] = values == value
    found = []
    for name, has in traits.items():
        mine = [has[images.labels == c] for c in range(len(images.class_names))]
        table = np.array([[each.sum(), (~each).sum()] for each in mine if len(each)])
        if has.sum() < 5 or has.all():
            continue
        chance = chi2_contingency(table).pvalue
        if chance < DOUBT / len(traits):  # Bonferroni
            share = ", ".join(
                f"{each.mean():.0%} of {images.class_names[c]}"
                for c, each in enumerate(mine[:4])
                if len(each)
            )
            found.append(Flag(name, "shortcut", f"goes along with the label: {share}"))
    return found


def summary(flags: Sequence[Flag]) -> list[tuple[str, int, str]]:
    """Count flags by check, the commonest first, each with its first example."""
    counts = Counter(flag.check for flag in flags)
    first = {flag.check: flag for flag in reversed(flags)}
    return [(c, n, f"{first[c].item}: {first[c].reason}") for c, n in counts.most_common()]
