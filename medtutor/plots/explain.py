"""The colours of maps, for `medtutor.plots.capstone`."""

MAP = "viridis"  # perceptually uniform, and readable without colour vision
