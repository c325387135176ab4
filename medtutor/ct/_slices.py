"""Names for `medtutor.ct.quality`, until it takes them from where they live."""

from medtutor.ct.series import STEP_TOLERANCE, Slice, read_headers
from medtutor.ct.series import same as _same

__all__ = ["STEP_TOLERANCE", "Slice", "_same", "read_headers"]
