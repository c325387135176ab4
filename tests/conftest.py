"""Fixtures for all tests; real patients' data are used where they are at hand, else skipped."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from medtutor.errors import MedtutorError
from medtutor.exercises import registry
from medtutor.lesson import keep_memory, same_kernels

# The same examples at every run, however slow the machine: a proof has to come out again.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
for _name in [name for name in os.environ if name.startswith("MEDTUTOR_")]:
    if _name != "MEDTUTOR_REAL_DATA":
        del os.environ[_name]  # settings of the user must not decide what a test says
os.environ["MEDTUTOR_LANG"] = "en"
keep_memory()
same_kernels()


def _real(name: str) -> Path:
    folder = os.environ.get("MEDTUTOR_REAL_DATA")
    root = Path(folder) if folder else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (root / name).is_dir():
        pytest.skip(f"real data not at hand: {name} (MEDTUTOR_REAL_DATA names their folder)")
    return root / name


@pytest.fixture
def real_ct() -> Path:
    """Folder of real lung nodule crops with labels.csv."""
    return _real("lidc_nodules")


@pytest.fixture
def real_ecg() -> Path:
    """Folder of real MIT-BIH records."""
    return _real("mitdb")


@pytest.fixture
def real_dicom() -> Path:
    """Folder of a real chest CT as DICOM."""
    return _real("ct_lung_dx_A0002")


@pytest.fixture
def no_hint_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a session begin that has seen no hint, and leave none behind for the next test."""
    monkeypatch.setattr(registry, "_hints_shown", {})


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., MedtutorError]:
    """Call a function that must refuse bad input with one clear error and leave nothing behind.

    ``refused(function, *arguments, says=[…])`` checks that every text in `says` is in the message,
    that it is one line, that it ends in a remedy, and that no file came or went.
    """

    def check(
        function: Callable[..., object], *arguments: object, says: list[str], **named: object
    ) -> MedtutorError:
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(MedtutorError) as caught:
            function(*arguments, **named)
        message = str(caught.value)
        for text in says:
            assert text in message
        assert "\n" not in message
        assert caught.value.remedy
        assert message.endswith(caught.value.remedy)
        assert sorted(tmp_path.rglob("*")) == before
        return caught.value

    return check
