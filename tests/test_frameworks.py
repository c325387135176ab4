"""The same model on every backend that is installed here."""

import sys
from pathlib import Path

import numpy as np
import pytest

from medtutor import frameworks, paths
from medtutor.errors import DataError, MedtutorError

OTHERS = [name for name in frameworks.BACKENDS if name != "tensorflow"]


@pytest.fixture(scope="module")
def task():
    """A small network with batch normalisation, and images to classify."""
    from medtutor.ct import models

    model = models.nodule_cnn((24, 24, 1), filters=(8, 12), dropout=0.0, seed=3)
    x = np.random.default_rng(3).normal(size=(40, 24, 24, 1)).astype(np.float32)
    return model, x, np.arange(40) % 2


@pytest.fixture(scope="module")
def reference(task):
    return frameworks.trial("tensorflow", *task, steps=5)


def test_a_trial_predicts_what_the_model_predicts_and_leaves_it_alone(task, reference):
    model, x, _ = task
    assert np.abs(reference.predictions - model.predict(x, verbose=0)).max() < 1e-5
    assert reference.losses[-1] < reference.losses[0]
    assert reference.losses.shape == (5,)
    assert reference.step_seconds.shape == (4,)


@pytest.mark.parametrize("backend", OTHERS)
def test_other_backends_give_the_same_predictions(backend, task, reference):
    if frameworks.find(backend) is None:
        pytest.skip(f"{backend} is not installed: {frameworks.how_to_install(backend)}")
    got = frameworks.trial(backend, *task, steps=5)
    assert np.abs(got.predictions - reference.predictions).max() < 1e-4
    assert np.abs(got.losses - reference.losses).max() < 1e-3
    assert got.version != reference.version


def test_the_folder_of_make_frameworks_has_jax():
    """A broken installation must not pass as a missing one."""
    if not (paths.root() / frameworks.FOLDER / "ready").exists():
        pytest.skip(f"not installed: {frameworks.how_to_install('jax')}")
    assert frameworks.find("jax") is not None


def test_a_backend_that_does_not_exist_is_named():
    with pytest.raises(DataError, match=r"no backend 'caffe'.*tensorflow, jax, torch"):
        frameworks.find("caffe")


def test_a_missing_backend_says_how_it_is_installed(monkeypatch, task):
    monkeypatch.setattr(frameworks, "find", lambda backend: None)
    with pytest.raises(MedtutorError, match=r"jax is not installed\. `make frameworks`"):
        frameworks.trial("jax", *task)
    assert "EXTRA=torch" in frameworks.run("torch", "print(1)")


def test_a_process_that_fails_is_one_message(monkeypatch):
    monkeypatch.setattr(frameworks, "find", lambda backend: Path(sys.executable))
    with pytest.raises(MedtutorError, match="the backend jax failed: ValueError: no such thing"):
        frameworks.run("jax", "raise ValueError('no such thing')")
    assert frameworks.run("jax", "print('well')") == "well"


def test_a_file_beside_the_script_hides_no_library(monkeypatch, tmp_path):
    monkeypatch.setattr(frameworks, "find", lambda backend: Path(sys.executable))
    (tmp_path / "json.py").write_text("raise SystemExit('hidden')")
    monkeypatch.chdir(tmp_path)
    assert frameworks.run("jax", "import json; print(json.dumps([]))") == "[]"


def test_sizes_are_those_of_the_files_that_a_package_brought():
    assert 5 < frameworks.megabytes("keras") < 200
    assert frameworks.megabytes("tensorflow") > 10 * frameworks.megabytes("keras")
    with pytest.raises(DataError, match="no-such-package is not installed"):
        frameworks.megabytes("no-such-package")
