"""Faults that lesson 23 plants, a search for them that is counted, and a short training."""

from types import SimpleNamespace

import numpy as np
import pytest

from medtutor import paths
from medtutor.capstone import copies


@pytest.fixture(scope="session")
def plant():
    return paths.load(paths.notebooks() / "figures" / "23.py")


@pytest.fixture(scope="session")
def planted_trial():
    """Plant copies in memory, search, and count what was found and who was falsely accused."""

    def trial(items, changes, search, each, seed):
        rng = np.random.default_rng(seed)
        before = {(t.first, t.second) for t in search(items)}
        origin, planted = list(range(len(items))), []
        for change in changes.values():
            for k in rng.choice(len(items), min(each, len(items)), replace=False):
                planted.append(change(items[k], rng))
                origin.append(int(k))
        after = {(t.first, t.second) for t in search([*items, *planted])}
        count = len(items)
        hits = sum((origin[k], k) in after for k in range(count, len(origin)))
        wrong = {tuple(sorted((origin[i], origin[j]))) for i, j in after if origin[i] != origin[j]}
        accused = {k for pair in wrong - before for k in pair}
        innocent = count - len(set(origin[count:]))
        return SimpleNamespace(found=hits / len(planted), accused=len(accused), innocent=innocent)

    return trial


@pytest.fixture(scope="session")
def picture_trial(plant, planted_trial):
    def trial(images, each, seed, most=1000):
        chosen = np.random.default_rng(seed).permutation(len(images))[:most]
        crops = [plant.eight_bit(images[k]) for k in np.sort(chosen)]
        crops = [crop for crop in crops if np.ptp(crop) > 0]
        return planted_trial(crops, plant.CHANGES, copies.pairs, each, seed)

    return trial


@pytest.fixture(scope="session")
def train_pictures():
    """Train the network of `Pictures` for a moment: how good it is does not matter."""

    def train(work, split, epochs=1):
        from medtutor.ct import models, training

        x = work.inputs(np.arange(len(work.labels)))
        work.network = models.nodule_cnn(x.shape[1:], len(work.class_names), seed=0)
        training.fit(work.network, x, work.labels, split, epochs=epochs, seed=0)

    return train
