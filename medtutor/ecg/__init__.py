"""ECG: recordings, beats, windows and the models that read them.

The modules load when they are first used: ``from medtutor.ecg import models`` brings in TensorFlow,
``from medtutor.ecg import beats`` does not.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={"io": ["read_folder", "read_record"], "segments": ["cut"]},
)
