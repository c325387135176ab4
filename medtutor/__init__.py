"""medtutor: deep learning for medical images and signals, as a course.

The lessons are in ``notebooks/``; this package holds what they share. Importing it loads nothing
heavy: each module brings in what it needs, and TensorFlow comes only where a model is built.
"""

__version__ = "1.0.0"
