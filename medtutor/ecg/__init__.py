"""ECG: recordings, beats, windows, simulation and the models that read them.

The modules load when they are first used: ``from medtutor.ecg import models`` brings in TensorFlow,
``from medtutor.ecg import beats`` does not.
"""

from importlib import import_module
from typing import Any

# A name that can be imported from here, and the module it lives in.
_HOME = {
    "Recording": "records",
    "read_folder": "records",
    "read_record": "records",
    "Windows": "segments",
    "cut": "segments",
    "ecg_set": "simulate",
}
_MODULES = (
    "augment",
    "beats",
    "fusion",
    "maps",
    "models",
    "noise",
    "prepare",
    "quality",
    "records",
    "rhythm",
    "segments",
    "simulate",
    "stream",
    "training",
    "uncertainty",
    "variability",
    "waves",
)

__all__ = [*_HOME, *_MODULES]


def __getattr__(name: str) -> Any:
    """Import a module, or a name from its module, when it is first asked for (PEP 562)."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what can be imported from here."""
    return sorted({*globals(), *__all__})
