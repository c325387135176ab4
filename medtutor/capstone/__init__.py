"""Your own data: a folder of images or ECG records in, a tested model and its card out.

`source` opens what ``--data`` names, `inspect` says what is wrong with it, `copies` finds what is
there twice, `split` proposes what must be kept whole, `train` fits, tests and explains, and `card`
writes the model card.
"""

from medtutor.capstone import card, copies, inspect, source, split, train

__all__ = ["card", "copies", "inspect", "source", "split", "train"]
