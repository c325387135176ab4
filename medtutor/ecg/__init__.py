"""ECG: recordings, beats, windows and the models that read them.

The modules load when they are first used: ``from medtutor.ecg import models`` brings in TensorFlow,
``from medtutor.ecg import beats`` does not.
"""

from medtutor._lazy import attach

# A name that can be imported from here, and the module it lives in.
_HOME = {"read_folder": "io", "read_record": "io", "cut": "segments"}
_MODULES = (
    "beats",
    "hrv",
    "io",
    "maps",
    "models",
    "noise",
    "prepare",
    "quality",
    "records",
    "segments",
    "simulate",
    "stream",
    "training",
    "uncertainty",
)

__all__ = [*_HOME, *_MODULES]

__getattr__, __dir__ = attach(__name__, _HOME, _MODULES)
