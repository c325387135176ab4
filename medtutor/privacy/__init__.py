"""Privacy: take a patient's name out of a file, lock the file, learn without moving it.

Names load when they are first used: ``import medtutor.privacy`` brings in neither pydicom nor
cryptography nor Flower. A module must not have the name of a function: it would hide it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "deidentification": ["Report", "deidentify"],
        "encryption": ["decrypt", "encrypt"],
        "hunting": ["Planted", "hunt"],
    },
)
