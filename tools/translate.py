"""Keep the translations in step with the English: ``python tools/translate.py``.

It gathers every text that can be translated and brings the PO files in ``locale/`` up to date: a
new text comes in empty, a changed one is marked fuzzy beside its old translation (and shown in
English until somebody has renewed it), one that is gone goes. Then it says what is left to do.
"""

import argparse
import ast
import json
import re
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from markdown_it import MarkdownIt

from medtutor import exercises, language, paths
from medtutor.datasets import download, registry
from medtutor.exercises.registry import find

ROOT = Path(__file__).resolve().parents[1]
store = paths.load(ROOT / "tools/store.py")
LANGUAGES = ["zh_CN"]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "SECURITY.md",
    "book",
]
LINK = re.compile(r"\]\(([^)]*)\)")
CODE = re.compile(r"`[^`]+`")
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.S)
PLACE = re.compile(r"\{[{%].*?[%}]\}|\{\w+\}")  # also those of a template
MEASURED = re.compile(r"<!-- bench: (?!end).*?<!-- bench: end -->", re.S)
SENTENCE = re.compile(r"[a-z]{2}[,:;]? +[a-z{]|^[A-Z]?[a-z]+ \{|\}:? [a-z]{2}")
Message = tuple[str, str]  # the English text, and where it stands


def lesson(file: Path) -> Iterator[Message]:
    """Texts of a lesson: its prose, the words of its figures, its questions, its exercises."""
    number = file.name[:2]
    for cell in json.loads(file.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            yield from page("".join(cell["source"]), f"{file.name}:{cell['id']}")
    for name, words in _toml("figures", number).items():
        yield words, f"figures/{number}.toml:{name}"
    for place, asked in enumerate(_toml("questions", number).get("questions", []), 1):
        yield asked["question"], f"questions/{number}.toml:{place}"
        for choice in asked["choices"]:
            yield choice["text"], f"questions/{number}.toml:{place}"
            yield choice["why"], f"questions/{number}.toml:{place}"
    for key in exercises.keys(number):
        exercise = find(key)
        assert exercise  # its key was just given
        for text in (exercise.task, *exercise.hints, *(m.hint for m in exercise.mistakes)):
            yield text, f"exercises/{number}.py:{key}"


def page(markdown: str, where: str) -> Iterator[Message]:
    """Paragraphs of a page that hold words; marks of a heading that stands alone are no part."""
    for block in language.blocks(markdown):
        if language.is_prose(block):
            alone = re.fullmatch(r"#+ (.+)", block.strip())
            yield (alone[1] if alone else block.strip()), where


def package() -> Iterator[Message]:
    """Texts that the package says, its templates, and the data cards, which lessons show."""
    for file in sorted((ROOT / "medtutor").rglob("*.py")):
        if "plots" not in file.parts:  # labels of figures stay English
            program, where = ast.parse(file.read_text("utf-8")), str(file.relative_to(ROOT))
            whole = [
                text.strip()
                for text in said(program)
                if SENTENCE.search(text) and text[0] != "<" and "\\" not in text
            ]
            yield from ((text, where) for text in dict.fromkeys([*whole, *asked(program, "say")]))
    yield from ((state, "medtutor/datasets/download.py") for state in download.STATES)
    yield from ((s.title, "data/registry.toml") for s in registry.sources().values())
    template = ROOT / "medtutor/capstone/card.md.j2"
    yield from page(template.read_text("utf-8"), str(template.relative_to(ROOT)))
    yield from page((ROOT / "data/README.md").read_text("utf-8"), "data/README.md")


def said(node: ast.AST) -> Iterator[str]:
    """All literal texts of a program but its docstrings, with ``{names}`` for what is filled in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue  # a docstring
        text = literal(child)
        if text is None:
            yield from said(child)
            continue
        yield text
        for part in child.values if isinstance(child, ast.JoinedStr) else ():
            if isinstance(part, ast.FormattedValue):
                yield from said(part)


def asked(program: ast.AST, function: str) -> Iterator[str]:
    """Texts that a program hands to a function, however short they are."""
    for call in (node for node in ast.walk(program) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == function and call.args:
            text = literal(call.args[0])
            if text:
                yield text


def literal(node: ast.AST) -> str | None:
    """Text of a string, an f-string or a sum of such."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = literal(left), literal(right)
            return None if first is None or second is None else first + second
        case ast.JoinedStr(values=parts):
            names: list[str] = []
            for part in parts:
                if isinstance(part, ast.FormattedValue):
                    name = re.sub(r"\W+", "_", ast.unparse(part.value))[:24].strip("_") or "x"
                    name = f"x{name}" if name[0].isdigit() else name
                    names.append(name + str(len(names)) * (name in names))
            filled = iter(names)
            return "".join(
                str(p.value) if isinstance(p, ast.Constant) else f"{{{next(filled)}}}"
                for p in parts
            )
    return None


def pages() -> Iterator[Message]:
    """Texts of the site's own pages."""
    for name in PAGES:
        for file in sorted((ROOT / name).rglob("*.md")) if name == "book" else [ROOT / name]:
            if "_build" not in file.parts:
                text, where = file.read_text("utf-8"), str(file.relative_to(ROOT))
                text = MEASURED.sub("", text)  # made anew by each `make bench`
                yield from page(text, where)
                yield from ((caption, where) for caption in re.findall("(?<=:caption: ).+", text))
    site = ROOT / "book/conf.py"
    yield from (
        (text, "book/conf.py") for text in asked(ast.parse(site.read_text("utf-8")), "tell")
    )
    yield from ((title, "tools/store.py") for title in store.PARTS.values())


def sources() -> dict[str, list[Message]]:
    """All texts, by the name of their PO file."""
    files = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    lessons = {file.stem: [*lesson(file)] for file in files}
    return {**lessons, "medtutor": [*package()], "book": [*pages()]}


def renew(name: str, messages: list[Message], tongue: str) -> Catalog:
    """Bring one PO file up to date; a second run changes no byte."""
    file = ROOT / "locale" / tongue / "LC_MESSAGES" / f"{name}.po"
    template = Catalog(project="medtutor", fuzzy=False)
    for text, where in messages:
        template.add(text, locations=[(where, None)])  # type: ignore[list-item]
    kept = Catalog(locale=tongue)
    if file.is_file():
        kept = read_po(BytesIO(file.read_bytes()), locale=tongue)
    kept.update(template)
    kept.obsolete.clear()
    kept.fuzzy = False
    target = BytesIO()
    write_po(target, kept, width=0, omit_header=True)
    head = f'msgid ""\nmsgstr ""\n"Language: {tongue}\\n"\n'
    head += '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    content = head.encode() + target.getvalue()
    if not file.is_file() or file.read_bytes() != content:
        paths.write_bytes(file, content)
    return kept


def faults(text: str, told: str) -> Iterator[str]:
    """Say what a translation has lost (formulas, code, links, places) or what Markdown drops."""
    for what, pattern in {
        "formula": FORMULA,
        "code": CODE,
        "link": LINK,
        "placeholder": PLACE,
    }.items():
        here, there = (
            {" ".join(found.split()) for found in pattern.findall(each)} for each in (text, told)
        )
        if here != there:
            yield f"{what}: {', '.join(sorted(here ^ there))}"
    # CommonMark: a closing ** between punctuation and a letter closes nothing.
    if lame(told) and not lame(text):
        yield "emphasis: some ** is not seen as such"


def lame(text: str) -> bool:
    """Tell whether Markdown leaves a ** as it stands."""
    return "**" in MarkdownIt().render(CODE.sub("x", text))


def main() -> int:
    """Renew every PO file, and say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="such as 07, medtutor, book (default: all)")
    chosen = parser.parse_args().names
    left = 0
    for tongue in LANGUAGES:
        for name, messages in sources().items():
            if chosen and name not in chosen and name[:2] not in chosen:
                continue
            found = [m for m in renew(name, messages, tongue) if m.id]
            empty = sum(not m.string for m in found)
            fuzzy = sum(m.fuzzy for m in found)
            left += empty + fuzzy
            print(f"{tongue} {name:<24}{len(found):>5} texts{empty:>6} empty{fuzzy:>6} fuzzy")
            for m in found:
                for fault in faults(str(m.id), str(m.string)) if m.string and not m.fuzzy else ():
                    left += 1
                    print(f"    {fault}\n        {m.id[:90]!r}")
    return 1 if left else 0


def _toml(folder: str, number: str) -> dict[str, Any]:
    file = ROOT / "notebooks" / folder / f"{number}.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


if __name__ == "__main__":
    raise SystemExit(main())
