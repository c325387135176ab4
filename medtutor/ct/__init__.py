"""CT: from a DICOM series to a classified nodule.

`preprocess` makes pixels comparable, `models` builds and trains the networks. Names are looked up
when they are first used, so that ``import medtutor.ct`` does not wait for TensorFlow.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Series": "series",
    "read_series": "series",
    "prepare": "preprocess",
    "nodule_cnn": "models",
    "article_cnn": "models",
}

__all__ = ["Series", "article_cnn", "nodule_cnn", "prepare", "read_series"]


def __getattr__(name: str) -> Any:
    """Import the module of a name on first use (PEP 562)."""
    if name in _HOME:
        return getattr(import_module(f"medtutor.ct.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the names that `__getattr__` can find."""
    return sorted([*globals(), *_HOME])
