"""Old name of `data/make/ecg_simulated.py`, until what imports it has moved."""

from typing import Any

from medtutor import paths
from medtutor.types import EcgSet, Recording

_MAKER: Any = paths.load(paths.data() / "make" / "ecg_simulated.py")
subject = _MAKER.subject


def recording(*arguments: Any, **named: Any) -> Recording:
    """Simulate one recording."""
    made: Recording = _MAKER.recording(*arguments, **named)[0]
    return made


def ecg_set(subjects: int = 40, minutes: float = 4.0, seed: int = 0) -> EcgSet:
    """Simulate recordings of several people."""
    people = [subject(10_000 * seed + number) for number in range(1, subjects + 1)]
    return EcgSet("", tuple(recording(p, minutes, seed=seed) for p in people), None, "", True)
