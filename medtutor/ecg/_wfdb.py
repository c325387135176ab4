"""Old name of `medtutor.ecg.io`, until what imports it has moved."""

from medtutor.ecg.io import MILLIVOLTS, find_lead, read_header
from medtutor.ecg.io import record_base as base

__all__ = ["MILLIVOLTS", "base", "find_lead", "read_header"]
