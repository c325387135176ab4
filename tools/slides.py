"""Slides of a lesson, one file that needs no network: ``python tools/slides.py 07``.

They hold what a room looks at together: each section's predictions and figures in their order, and
the questions at the end. The page scrolls from slide to slide (space, Page Down); it has no script.
"""

import argparse
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from markdown_it import MarkdownIt

from medtutor import paths, questions, runner

STYLE = """
html { scroll-snap-type: y mandatory; }
body { margin: 0; font: clamp(16px, 2.3vw, 32px)/1.4 sans-serif; color: #111; background: #fff; }
section { box-sizing: border-box; min-height: 100vh; padding: 4vh 6vw; scroll-snap-align: start;
  display: flex; flex-direction: column; justify-content: center; break-after: page; }
h1, h2 { line-height: 1.2; margin: 0 0 3vh; }
h2 { font-size: 1em; color: #555; }
p { margin: 0 0 2vh; }
img { display: block; margin: auto; width: 100%; height: 72vh; object-fit: contain; }
img:first-child { margin: 0 auto 2vh; height: 36vh; }
summary { cursor: pointer; }
"""


def slides(lesson: Path) -> str:
    """Write the slides of a stored lesson as one page of HTML."""
    cells = nbformat.read(lesson, 4).cells
    parts = [*_told(cells), *_asked(lesson.name[:2], cells)]
    body = "\n".join(f"<section>{part}</section>" for part in parts)
    title = escape(cells[0].source.splitlines()[0].lstrip("# "))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{STYLE}</style>\n{body}\n</html>\n"
    )


def _told(cells: list[Any]) -> Iterator[str]:
    """Yield the title, and in each section what is to be predicted and what is to be seen."""
    yield _html(cells[0].source.split("**Time:**")[0])
    section = ""
    for cell in cells[1:]:
        for image in _images(cell).values():
            yield f"<h2>{section}</h2>{image}"
        for paragraph in cell.source.split("\n\n") if cell.cell_type == "markdown" else ():
            heading = re.match(r"## (.*)\n?", paragraph)
            if heading:
                section = escape(heading[1])
            if "**Predict:**" in paragraph:
                yield f"<h2>{section}</h2>{_html(re.sub('^## .*', '', paragraph))}"


def _asked(number: str, cells: list[Any]) -> Iterator[str]:
    """Yield a lesson's questions, each with its figure on a slide of its own."""
    words = tomllib.loads((paths.notebooks() / "figures" / f"{number}.toml").read_text("utf-8"))
    images = {text: image for cell in cells for text, image in _images(cell).items()}
    text = re.split(r"^(?=\*\*\d+\.\*\*)", questions.markdown(number), flags=re.MULTILINE)
    for asked, written in zip(questions.load(number), text[1:], strict=True):
        yield images.get(words.get(asked.get("figure", ""), ""), "") + _html(written)


def _images(cell: Any) -> dict[str, str]:
    """Find the figures of a cell, by their alternative texts."""
    found = {}
    for output in cell.get("outputs", []):
        image = output.get("data", {}).get("image/png", "").replace("\n", "")
        if image:
            text = output.metadata.get("image/png", {}).get("alt", "")
            source = f"data:image/png;base64,{image}"
            found[text] = f'<img src="{source}" alt="{escape(text, quote=True)}">'
    return found


def _html(markdown: str) -> str:
    return str(MarkdownIt("commonmark").render(re.sub(r"\$([^$]+)\$", _symbols, markdown)))


def _symbols(formula: re.Match[str]) -> str:
    """Write a short formula, such as that of rho = 0.9 or of k with index 1, in plain letters."""
    text = re.sub(r"_(\d)", lambda digit: chr(0x2080 + int(digit[1])), formula[1])
    return "*" + re.sub(r"\\([a-z]+)", _letter, text) + "*"


def _letter(name: re.Match[str]) -> str:
    """Turn the name of a Greek letter into the letter, and leave others, such as tanh."""
    try:
        return unicodedata.lookup(f"GREEK SMALL LETTER {name[1]}")
    except KeyError:
        return name[1]


def main() -> None:
    """Write the slides of the lessons that the command names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("lessons", nargs="+", help="numbers of lessons, such as 07")
    parser.add_argument("--out", type=Path, default=Path("results/slides"))
    chosen = parser.parse_args()
    for number in chosen.lessons:
        lesson = runner.lesson_path(number)
        target = chosen.out / f"{lesson.stem}.html"
        paths.write_text(target, slides(lesson))
        print(target)


if __name__ == "__main__":
    main()
