"""A file shaped as OrganAMNIST, with changed test images planted in its training part."""

import numpy as np
from scipy import ndimage

from medtutor import splits
from medtutor.capstone import source
from medtutor.capstone import split as grouping

PLANTED = 48


def organs(count, rng):
    """Draw 28 x 28 pictures of eleven classes: a blob whose place and shape name the class."""
    labels = rng.integers(0, 11, count)
    y, x = np.mgrid[:28, :28]
    pictures = []
    for c in labels:
        angle = 2 * np.pi * c / 11
        row, column = 14 + 8 * np.sin(angle), 14 + 8 * np.cos(angle) + rng.normal()
        blob = ((y - row) / (3 + c % 3)) ** 2 + ((x - column) / (5 - c % 3)) ** 2 < 1
        soft = 3 * ndimage.gaussian_filter(rng.normal(size=(28, 28)), 3)
        noisy = soft + 2.5 * blob + rng.normal(0, 0.25, (28, 28))
        pictures.append(np.clip(100 + 35 * noisy, 0, 255).astype(np.uint8))
    return np.array(pictures), labels[:, None].astype(np.uint8)


def test_planted_copies_across_parts_are_found_and_kept_out(tmp_path, plant):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 500), ("val", 100), ("test", 250)):
        arrays[f"{part}_images"], arrays[f"{part}_labels"] = organs(count, rng)
    changes = list(plant.CHANGES.values())
    for k in range(PLANTED):
        original = arrays["test_images"][k].astype(np.float32)
        arrays["train_images"][k] = changes[k % len(changes)](original, rng)
        arrays["train_labels"][k] = arrays["test_labels"][k]
    np.savez(tmp_path / "organamnist.npz", **arrays)

    work = source.open_source(tmp_path / "organamnist.npz")
    _, doubles = work.inspect()
    pairs = {(d.first, d.second) for d in doubles}
    truth = {(k, 600 + k) for k in range(PLANTED)}
    assert len(pairs & truth) >= 0.95 * PLANTED
    accused = {k for pair in pairs - truth for k in pair}
    assert len(accused) < 0.01 * (850 - 2 * PLANTED)

    proposal = grouping.propose(work.patients, pairs, work.given)
    assert proposal.notes[0].startswith("NO PATIENT IDS")
    data = work.take(proposal.keep)
    assert (data.given == "test").sum() == 250  # the given test is not touched
    assert (data.given == "train").sum() <= 500 - 0.95 * PLANTED
    split = splits.by_patient(data.labels, proposal.groups[proposal.keep], data.given)
    assert len(split.test) == 250
