"""The course in the reader's language.

Prose is translated and code is not: a lesson is one notebook, and ``locale/LANGUAGE/LC_MESSAGES``
holds its paragraphs in another language (gettext's PO files, one for each lesson, one for the
package, one for the pages of the book). What is not translated, or marked as out of date, is shown
in English. Figures keep their English labels, for a font with Chinese signs is not on every
machine and would add ten megabytes; their alternative texts are translated.
"""

import os
import re
from collections import ChainMap
from collections.abc import Mapping
from functools import cache
from html import unescape

from medtutor import paths

ENGLISH = "en"
SUPPORTED = {"en": ENGLISH, "zh": "zh_CN"}  # what a user says: name of the folder in locale/
CODE = re.compile(r"^ *```.*?^ *```|\$\$.*?\$\$|`[^`]*`|\$[^$]+\$|\]\([^)]*\)|<[^>]+>", re.S | re.M)
GAP = re.compile(r"(\n[ \t]*\n\s*)")
FRAME = re.compile(
    r"(#+ |\*\*(?:\d+|Right|No)\.\*\* |<details><summary>[a-d]\) )?(.*?)(</summary>)?", re.S
)


def in_use() -> str:
    """Language of the reader: ``MEDTUTOR_LANG``, else that of the system, else English."""
    chosen = os.environ.get("MEDTUTOR_LANG") or next(
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
    """Give a text of the package in the reader's language; ``{names}`` in it are filled later."""
    return catalogue("medtutor", in_use()).get(text, text)


def taught(number: str, text: str) -> str:
    """Give a text that stands beside a lesson (task, hint, question, words of a figure)."""
    return catalogue(number, in_use()).get(text, text)


def blocks(markdown: str) -> list[str]:
    """Cut Markdown into paragraphs and the gaps between them; joined they are what they were.

    Code, formulas and HTML comments stay whole; a glossary's entries are paragraphs of their own.
    """
    parts: list[str] = []
    for part in GAP.split(markdown):
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


def _told(block: str, told: Mapping[str, str]) -> str:
    """Translate one paragraph; what frames it (the marks of a heading or a choice) is no part."""
    text = block.strip()
    if text not in told:
        before, inner, after = FRAME.fullmatch(text).groups("")  # type: ignore[union-attr]
        before = re.sub(r"Right\.|No\.", lambda m: told.get(m[0], m[0]), before)
        inner = told.get(unescape(inner), inner)
        return block.replace(text, before + inner + after)
    return block.replace(text, told[text])
