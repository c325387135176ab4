"""Names for `medtutor.capstone`, until it takes them from where they live."""

from medtutor.ct.explain import energy_inside
from medtutor.ct.preprocess import outlines

__all__ = ["energy_inside", "outlines"]
