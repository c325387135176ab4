"""CT: from a DICOM series to a classified nodule.

`preprocess` makes pixels comparable, `models` builds and trains the networks. Names are looked up
when they are first used, so that ``import medtutor.ct`` does not wait for TensorFlow.
"""

from medtutor._lazy import attach

_HOME = {
    "Series": "series",
    "read_series": "series",
    "prepare": "preprocess",
    "nodule_cnn": "models",
    "article_cnn": "models",
}

__all__ = ["Series", "article_cnn", "nodule_cnn", "prepare", "read_series"]

__getattr__, __dir__ = attach(__name__, _HOME)
