"""Exercises: check an answer, ask for a hint, see a solution.

The checker works by behaviour. It calls the learner's function and the reference on the same cases
and compares the results with a tolerance, never the source text and never to the last digit. When
they differ, it looks for a *known* mistake that behaves in the same way, and answers with the hint
written for that mistake. The exercises themselves stand beside the lessons, in
``notebooks/exercises/NN.py``.
"""

from medtutor.exercises.engine import Exercise, Mistake, Report
from medtutor.exercises.registry import check, find, hint, keys, solution

__all__ = ["Exercise", "Mistake", "Report", "check", "find", "hint", "keys", "solution"]
