"""Old name of a part of `medtutor.ecg.maps`, until what imports it has moved."""

from medtutor.ecg.maps import Margin, calibrate

__all__ = ["Margin", "calibrate"]
