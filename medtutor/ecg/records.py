"""Old name of `medtutor.ecg.io`, until what imports it has moved."""

from medtutor.ecg.io import DS1, DS2, PACED, MissingLead, read_folder, read_record, resample
from medtutor.types import Recording

__all__ = ["DS1", "DS2", "PACED", "MissingLead", "Recording"]
__all__ += ["read_folder", "read_record", "resample"]
