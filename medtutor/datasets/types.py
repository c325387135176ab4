"""Moved to `medtutor.types`."""

from medtutor.types import EcgSet, ImageSet, Recording

__all__ = ["EcgSet", "ImageSet", "Recording"]
