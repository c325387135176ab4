"""Your own data: a folder of images or ECG records in, a tested model and its card out.

`source` opens what `--data` names, `inspection` says what is wrong with it, `twins` and `rhythms`
find what is there twice, `grouping` proposes what a split must keep whole, `pictures` and `records`
train, test and explain, and `card` writes the model card. TensorFlow is imported when a network is
built.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "Twin": "twins",
    "open_source": "source",
    "output_folder": "source",
}
_MODULES = (
    "card", "grouping", "inspection", "pictures", "plant", "records", "rhythms", "source", "twins",
)  # fmt: skip

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
