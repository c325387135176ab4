"""The course in the reader's language.

Prose is translated and code is not: a lesson is one notebook, and ``locale/LANGUAGE/LC_MESSAGES``
holds its paragraphs in another language (gettext's PO files, one for each lesson, one for the
package, one for the pages of the book). What is not translated, or marked as out of date, is shown
in English. Figures keep their English labels, for a font with Chinese signs is not on every
machine and would add ten megabytes; their alternative texts are translated.
"""

import json
import os
import re
import unicodedata
from collections import ChainMap
from collections.abc import Mapping
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

from medtutor import paths

ENGLISH = "en"
VARIABLE = "MEDTUTOR_LANG"
SUPPORTED = {"en": ENGLISH, "zh": "zh_CN"}  # what a user says: name of the folder in locale/
CODE = re.compile(r"^ *```.*?^ *```|\$\$.*?\$\$|`[^`]*`|\$[^$]+\$|\]\([^)]*\)|<[^>]+>", re.S | re.M)
FEW = 8  # letters
LONGEST = 2000  # letters of a message that is looked up by its pattern
LONG = 12  # letters by which a line that a lesson has printed is known as the package's own
LINE = re.compile(".+")
FOLDED = re.compile(r"<details><summary>([^<]*)</summary>([^<]*)</details>")
PLACE = re.compile(r"\{(\w+)\}")
GAP = re.compile(r"(\n[ \t]*\n\s*)")
FRAME = re.compile(
    r"(#+ |\*\*(?:\d+|Right|No)\.\*\* |<details><summary>[a-d]\) )?(.*?)(</summary>)?", re.S
)


def in_use() -> str:
    """Language of the reader: ``MEDTUTOR_LANG``, else that of the system, else English."""
    chosen = os.environ.get(VARIABLE) or next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return SUPPORTED.get(chosen[:2].lower(), ENGLISH)


@cache
def catalogue(domain: str, language: str) -> dict[str, str]:
    """Read what is translated of a lesson (its number), of the package, or of the book."""
    folder = paths.root() / "locale" / language / "LC_MESSAGES"
    file = next(folder.glob(f"{domain}_*.po"), folder / f"{domain}.po")
    if language == ENGLISH or not file.is_file():
        return {}
    from babel.messages.pofile import read_po

    with file.open("rb") as lines:
        found = read_po(lines)
    return {str(m.id): str(m.string) for m in found if m.id and m.string and not m.fuzzy}


def say(text: str) -> str:
    """Give what the package says in the reader's language, on its way to the reader."""
    return finished(text, in_use())


def padded(text: str, columns: int) -> str:
    """Fill a text up with spaces to a number of columns; a Chinese character takes two."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return text.ljust(columns - wide)


def finished(text: str, language: str, letters: int = 1) -> str:
    """Translate a finished message that has at least so many letters besides what is filled in."""
    told = catalogue("medtutor", language)
    if text in told:
        return told[text]
    for own, pattern, names, translation in _patterns(language) if len(text) < LONGEST else ():
        if own >= letters and (found := pattern.fullmatch(text)):
            # A sentence within a sentence is ours; a word may be the name of the reader's class.
            parts = [told.get(part, part) if " " in part else part for part in found.groups()]
            return translation.format(**dict(zip(names, parts, strict=True)))
    return text


@cache
def _patterns(language: str) -> list[tuple[int, re.Pattern[str], list[str], str]]:
    """Make patterns of the messages with ``{names}``, those with most words of their own first."""
    # The code keeps its f-strings: a finished text is known by the words between what is filled in.
    found = []
    for text, translation in catalogue("medtutor", language).items():
        words = PLACE.split(text)[::2]
        own = sum(map(len, words))
        enough = own >= FEW or words[0]  # "{a} and {b}" would fit anything
        if len(words) > 1 and enough and is_prose(" ".join(words)):
            pattern = "(.*)".join(map(re.escape, words))
            found.append((own, re.compile(pattern, re.S), PLACE.findall(text), translation))
    return sorted(found, key=lambda each: -each[0])


def taught(number: str, text: str) -> str:
    """Give a text that stands beside a lesson (task, hint, question, words of a figure)."""
    return catalogue(number, in_use()).get(text, text)


def blocks(markdown: str) -> list[str]:
    """Cut Markdown into paragraphs and the gaps between them; joined they are what they were."""
    parts: list[str] = []
    for part in GAP.split(markdown):
        # Code, formulas, comments stay whole; a glossary's entries are paragraphs of their own.
        whole = parts[-1].replace("```{glossary}", "") if parts else ""
        if (
            whole.count("```") % 2
            or whole.count("$$") % 2
            or whole.count("<!--") > whole.count("-->")
        ):
            parts[-1] += part
        else:
            parts.append(part)
    return parts


def is_prose(block: str) -> bool:
    """Whether a block holds words, and not only code, a formula or a gap."""
    return re.search(r"[^\W\d_]{2}", CODE.sub(" ", block)) is not None


def translate(markdown: str, *known: Mapping[str, str]) -> str:
    """Put each paragraph into another language, as far as one of the catalogues knows it."""
    told = ChainMap(*map(dict, known))
    return "".join(_told(block, told) if block.strip() else block for block in blocks(markdown))


def page(markdown: str) -> str:
    """Give a page of the package, such as a data card, in the reader's language."""
    return translate(markdown, catalogue("medtutor", in_use()))


def _told(block: str, told: Mapping[str, str]) -> str:
    """Translate one paragraph; what frames it (the marks of a heading or a choice) is no part."""
    text = block.strip()
    if text not in told:
        before, inner, after = FRAME.fullmatch(text).groups("")  # type: ignore[union-attr]
        before = re.sub(r"Right\.|No\.", lambda m: told.get(m[0], m[0]), before)
        inner = told.get(unescape(inner), inner)
        return block.replace(text, before + inner + after)
    return block.replace(text, told[text])


def notebook(lesson: Path, language: str) -> bytes:
    """Give a lesson in another language; its code and its numbers are the same bytes."""
    content = lesson.read_bytes()
    if language == ENGLISH:
        return content
    book = json.loads(content)
    known = catalogue(lesson.name[:2], language), catalogue("medtutor", language)
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            text = translate("".join(cell["source"]), *known)
            cell["source"] = text.splitlines(keepends=True)
        for output in cell.get("outputs", []):
            _speak(output, language, *known)
            if "text" in output:
                text = LINE.sub(lambda m: finished(m[0], language, LONG), "".join(output["text"]))
                output["text"] = text.splitlines(keepends=True)
    return (json.dumps(book, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def _speak(output: dict[str, Any], language: str, *known: Mapping[str, str]) -> None:
    """Translate what an output says in Markdown, and the words of its figure."""
    shown = output.get("data", {})
    if "text/markdown" in shown:
        text = "".join(shown["text/markdown"])
        one = finished(text, language, LONG)
        told = translate(text, *known) if one == text else one
        shown["text/markdown"] = told.splitlines(keepends=True)
    if "text/html" in shown:
        told = FOLDED.sub(
            lambda m: (
                f"<details><summary>{translate(m[1], *known)}</summary>"
                f"{escape(translate(unescape(m[2]), *known))}</details>"
            ),
            "".join(shown["text/html"]),
        )
        shown["text/html"] = told.splitlines(keepends=True)
    picture = output.get("metadata", {}).get("image/png", {})
    if "alt" in picture:
        picture["alt"] = translate(picture["alt"], *known)
