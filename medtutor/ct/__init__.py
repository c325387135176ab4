"""CT: from a DICOM series to a classified nodule.

`series` reads a scan, `preprocess` makes pixels comparable, `models` builds and `training` trains
the networks, `explain` asks what they look at. Names are looked up when they are first used, so
that ``import medtutor.ct`` does not wait for TensorFlow.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "series": ["Series", "read_series"],
        "preprocess": ["prepare"],
        "models": ["nodule_cnn"],
    },
)
