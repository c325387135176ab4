"""Your own data: a folder of images or ECG records in, a tested model and its card out.

`source` opens what `--data` names, `inspection` says what is wrong with it, `twins` and `rhythms`
find what is there twice, `grouping` proposes what a split must keep whole, `pictures` and `records`
train, test and explain, and `card` writes the model card. TensorFlow is imported when a network is
built.
"""

from medtutor._lazy import attach

_HOME = {
    "Twin": "twins",
    "open_source": "source",
    "output_folder": "source",
}
_MODULES = (
    "card", "grouping", "inspection", "pictures", "plant", "records", "rhythms", "source", "twins",
)  # fmt: skip

__all__ = [*_HOME, *_MODULES]

__getattr__, __dir__ = attach(__name__, _HOME, _MODULES)
