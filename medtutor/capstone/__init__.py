"""Your own data: a folder of images or ECG records in, a tested model and its card out.

`source` opens what ``--data`` names as `pictures` or `records`, which show a lesson the same face
(`work`); `inspect` says what is wrong with them, `copies` finds what is there twice, `split`
proposes what must be kept whole, and `card` writes the model card.
"""

from medtutor.capstone import card, copies, inspect, source, split

__all__ = ["card", "copies", "inspect", "source", "split"]
