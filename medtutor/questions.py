"""Questions with pictures: each asks to read a figure of a lesson, or to foresee a number.

The text stands in ``notebooks/questions/NN.toml``. A choice is a ``<details>`` of HTML that opens
on what is right or wrong about it: no script, no network, and a keyboard is enough.
"""

import os
import tomllib
from html import escape
from typing import Any

from medtutor import paths
from medtutor.errors import DataError
from medtutor.language import say, taught


def load(number: str) -> list[dict[str, Any]]:
    """Read a lesson's questions: `question`, maybe `figure`, `choices` of `text, right, why`."""
    file = paths.notebooks() / "questions" / f"{number}.toml"
    if not file.is_file():
        raise DataError(f"there are no questions for lesson {number}", path=file)
    return list(tomllib.loads(file.read_text(encoding="utf-8"))["questions"])


def markdown(number: str) -> str:
    """Write a lesson's questions as Markdown, for a notebook or a page."""
    opening = "**Questions** about what the bundled data give. Decide before you open a choice."
    lines = [say(opening), ""]
    for place, asked in enumerate(load(number), 1):
        lines += [f"**{place}.** {taught(number, asked['question'])}", ""]
        for letter, choice in zip("abcd", asked["choices"], strict=False):
            verdict = say("Right.") if choice.get("right") else say("No.")
            text = escape(taught(number, choice["text"]))
            lines += [f"<details><summary>{letter}) {text}</summary>", ""]
            lines += [f"**{verdict}** {taught(number, choice['why'])}", "", "</details>", ""]
    return "\n".join(lines)


def show(number: str = "") -> None:
    """Show the questions of this lesson, or of another one by its number.

    Examples
    --------
    >>> show("07")  # doctest: +SKIP
    """
    from IPython.display import Markdown, display

    display(Markdown(markdown(number or os.environ.get("MEDTUTOR_LESSON", ""))))
