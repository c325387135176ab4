"""Moved to `medtutor.plots.style`; here until every lesson draws with the general charts."""

from medtutor.plots.style import COLOURS, DPI, FULL, HALF, figure, png, show

__all__ = ["COLOURS", "DPI", "FULL", "HALF", "figure", "png", "show"]
