"""Privacy: take a patient's name out of a file, lock the file, learn without moving it.

Names load when they are first used: ``import medtutor.privacy`` brings in neither pydicom nor
cryptography nor Flower.
"""

from medtutor._lazy import attach

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

__getattr__, __dir__ = attach(__name__, _HOME)
