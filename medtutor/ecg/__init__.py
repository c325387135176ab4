"""ECG: recordings, beats, windows, simulation and the models that read them.

The modules load when they are first used: ``from medtutor.ecg import models`` brings in TensorFlow,
``from medtutor.ecg import beats`` does not.
"""

from medtutor._lazy import attach

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

__getattr__, __dir__ = attach(__name__, _HOME, _MODULES)
