"""Old name of a part of `medtutor.ecg.segments`, until what imports it has moved."""

from medtutor.ecg.segments import BAND, Normaliser, band_pass, height

__all__ = ["BAND", "Normaliser", "band_pass", "height"]
