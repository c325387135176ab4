"""pyproject.toml, requirements.lock and environment.yml say the same."""

import re
import subprocess
import sys
import tomllib

import pytest

from medtutor import __version__, paths
from medtutor.doctor import locked_versions

ROOT = paths.root()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-frameworks.lock"]
REQUIREMENTS = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_the_lock_satisfies_the_project(requirement):
    from packaging.requirements import Requirement

    wanted = Requirement(requirement)
    locked = locked_versions()
    assert wanted.name in locked, "run make lock"
    assert wanted.specifier.contains(locked[wanted.name]), "run make lock"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_every_locked_release_has_a_hash_and_one_version_for_both_pythons(lock):
    text = lock.read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9][a-z0-9._-]*)==", text, re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    assert all("--hash=sha256:" in b for b in blocks if "==" in b.split("\n")[0])
    assert "://" not in text
    twice = {name for name in pinned if pinned.count(name) > 1}
    assert twice <= {"soupsieve"}  # differs only before Python 3.11.5; no output depends on it


def test_both_environments_hold_the_same_keras_and_numpy():
    """Otherwise lesson 22 would compare releases and not backends."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for line in groups["dependency-groups"]["frameworks"]:
        name, version = line.split("==")
        assert f"\n{name}=={version} " in "\n" + LOCKS[1].read_text(encoding="utf-8")
        if name != "jax":
            assert locked_versions()[name] == version


def test_conda_ends_in_the_same_lock():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    entries = [line.strip()[2:] for line in lines if line.strip().startswith("- ")]
    assert entries == [
        "conda-forge", "python=3.11", "pip", "pip:", "--require-hashes", "-r requirements.lock",
    ]  # fmt: skip
    from packaging.specifiers import SpecifierSet

    assert SpecifierSet(PROJECT["requires-python"]).contains("3.11")


def test_what_runs_here_is_what_is_locked():
    from importlib.metadata import version

    from packaging.requirements import Requirement

    locked = locked_versions()
    for requirement in REQUIREMENTS:
        name = Requirement(requirement).name
        assert version(name) == locked[name], name


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, medtutor, medtutor.errors, medtutor.cli;"
        "print(medtutor.__version__, sorted({'numpy','tensorflow','keras','matplotlib','scipy',"
        "'sklearn','wfdb','pydicom'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{__version__} []"
