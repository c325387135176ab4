"""What the simulation is worth: a network that has seen nothing else reads real crops."""

import numpy as np

from medtutor import datasets, metrics, splits
from medtutor.ct import models, preprocess

LOWEST_AUC = 0.88  # below this, the simulation no longer looks like CT to a network


def test_a_network_trained_on_the_simulation_alone_reads_real_crops(real_ct):
    real = datasets.load_ct(real_ct, progress=False)
    simulated = datasets.load_ct("default")
    # Nobody may teach who is asked: half of the people teach, the real crops of the others ask.
    people = np.unique(np.concatenate([real.patients, simulated.patients]))
    askers = set(people[::2])
    teach = simulated.take(np.array([p not in askers for p in simulated.patients]))
    ask = real.take(np.array([p in askers for p in real.patients]))
    split = splits.by_patient(teach.labels, teach.patients)
    assert not set(teach.patients) & set(ask.patients)
    x = preprocess.prepare(teach)
    model = models.nodule_cnn(x.shape[1:], seed=0)
    models.fit(model, x, teach.labels, split, epochs=30, seed=0, verbose=False)
    p = models.predict(model, preprocess.prepare(ask))[:, 1]
    assert metrics.area_under_roc(ask.labels, p) >= LOWEST_AUC
