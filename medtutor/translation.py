"""A stored lesson with its prose in another language."""

import json
import re
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any

from medtutor.language import ENGLISH, catalogue, finished, translate

SAID = re.compile(".+")  # a line
LONG = 12  # letters by which a line that a lesson has printed is known as the package's own
FOLDED = re.compile(r"<details><summary>([^<]*)</summary>([^<]*)</details>")


def notebook(lesson: Path, language: str) -> bytes:
    """Give a lesson in another language; its code and its numbers are the same bytes."""
    content = lesson.read_bytes()
    if language == ENGLISH:
        return content
    book = json.loads(content)
    known = catalogue(lesson.name[:2], language), catalogue("medtutor", language)
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _lines(translate("".join(cell["source"]), *known))
        for output in cell.get("outputs", []):
            _speak(output, language, *known)
            if "text" in output:
                text = "".join(output["text"])
                output["text"] = _lines(SAID.sub(lambda m: finished(m[0], language, LONG), text))
    return (json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def _speak(output: dict[str, Any], language: str, *known: Mapping[str, str]) -> None:
    """Translate what an output says in Markdown, and the words of its figure."""
    shown = output.get("data", {})
    if "text/markdown" in shown:
        text = "".join(shown["text/markdown"])
        one = finished(text, language, LONG)
        shown["text/markdown"] = _lines(translate(text, *known) if one == text else one)
    if "text/html" in shown:
        shown["text/html"] = _lines(
            FOLDED.sub(
                lambda m: (
                    f"<details><summary>{translate(m[1], *known)}</summary>"
                    f"{escape(translate(unescape(m[2]), *known))}</details>"
                ),
                "".join(shown["text/html"]),
            )
        )
    picture = output.get("metadata", {}).get("image/png", {})
    if "alt" in picture:
        picture["alt"] = translate(picture["alt"], *known)


def _lines(text: str) -> list[str]:
    """Cut a text as a notebook keeps it."""
    return text.splitlines(keepends=True)
