"""The same model on every backend that is installed here."""

import sys
from pathlib import Path

import pytest

from medtutor import frameworks, paths
from medtutor.errors import DataError, MedtutorError

SUM = """
import os, sys
os.environ["KERAS_BACKEND"] = sys.argv[1]
import keras
print(keras.backend.backend(), float(keras.ops.sum(keras.ops.ones(3))))
"""


@pytest.mark.parametrize("backend", frameworks.BACKENDS[1:])  # all other tests compute on the first
def test_keras_computes_on_each_backend_that_is_here(backend):
    if frameworks.find(backend) is None:
        pytest.skip(f"{backend} is not installed: {frameworks.how_to_install(backend)}")
    assert frameworks.run(backend, SUM, backend).splitlines()[-1] == f"{backend} 3.0"


def test_code_runs_in_the_folder_that_is_named(tmp_path):
    code = "import sys; open('answer.txt', 'w').write(sys.argv[1])"
    frameworks.run("tensorflow", code, "well", folder=tmp_path)
    assert (tmp_path / "answer.txt").read_text() == "well"


def test_the_folder_of_make_frameworks_has_jax():
    """A broken installation must not pass as a missing one."""
    if not (paths.root() / frameworks.FOLDER / "ready").exists():
        pytest.skip(f"not installed: {frameworks.how_to_install('jax')}")
    assert frameworks.find("jax") is not None


def test_a_backend_that_does_not_exist_is_named():
    with pytest.raises(DataError, match=r"no backend 'caffe'.*tensorflow, jax, torch"):
        frameworks.find("caffe")


def test_a_missing_backend_says_how_it_is_installed(monkeypatch):
    monkeypatch.setattr(frameworks, "find", lambda backend: None)
    assert "`make frameworks`" in frameworks.run("jax", "print(1)")
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
