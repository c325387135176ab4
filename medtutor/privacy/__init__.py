"""Privacy: take a patient's name out of a file, lock the file, learn without moving it.

Names load when they are first used: ``import medtutor.privacy`` brings in neither pydicom nor
cryptography nor Flower.
"""

from importlib import import_module
from typing import Any

# A name that can be imported from here, and the module it lives in. A module must not have the name
# of a function: importing it would hide the function.
_HOME = {
    "deidentify": "deidentification",
    "Report": "reports",
    "anonymity": "rarity",
    "hunt": "hunting",
    "plant": "planting",
    "encrypt": "encryption",
    "decrypt": "encryption",
}

__all__ = ["Report", "anonymity", "decrypt", "deidentify", "encrypt", "hunt", "plant"]


def __getattr__(name: str) -> Any:
    """Import the module of a name on first use (PEP 562)."""
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the names that `__getattr__` can find."""
    return sorted({*globals(), *_HOME})
