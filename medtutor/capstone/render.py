"""Write a card as Markdown and as one self-contained HTML page.

Everything that comes from a user's data (file names, class names) is escaped in both.
"""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass, field

from medtutor.capstone.work import Example

__all__ = ["Block", "Card", "markdown", "page"]


@dataclass(frozen=True)
class Block:
    """One piece of a card; exactly one field is filled, `rows` together with `head`."""

    heading: str = ""
    text: str = ""
    points: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    picture: Example | None = None


@dataclass
class Card:
    """A card: its title and its blocks in order."""

    title: str
    blocks: list[Block] = field(default_factory=list)


def markdown(card: Card) -> str:
    """Write a card as Markdown; its pictures are files ``figure_1.png`` … beside it."""
    lines, number = [f"# {_md(card.title)}", ""], 0
    for block in card.blocks:
        if block.heading:
            lines += [f"## {_md(block.heading)}", ""]
        elif block.text:
            lines += [_md(block.text), ""]
        elif block.points:
            lines += [*(f"- {_md(point)}" for point in block.points), ""]
        elif block.rows:
            lines.append("| " + " | ".join(map(_md, block.head)) + " |")
            lines.append("|" + "---|" * len(block.head))
            lines += ["| " + " | ".join(map(_md, row)) + " |" for row in block.rows]
            lines.append("")
        elif block.picture:
            number += 1
            picture = block.picture
            lines += [f"![{_md(picture.alt)}](figure_{number}.png)", "", _md(picture.caption), ""]
    return "\n".join(lines)


def page(card: Card) -> str:
    """Write a card as one HTML file that loads nothing and runs nothing."""
    body = [f"<h1>{_h(card.title)}</h1>"]
    for position, block in enumerate(card.blocks):
        if block.heading:
            body.append(f"<h2>{_h(block.heading)}</h2>")
        elif block.text:
            kind = ' class="warning" role="note"' if position == 0 else ""
            body.append(f"<p{kind}>{_h(block.text)}</p>")
        elif block.points:
            body.append("<ul>" + "".join(f"<li>{_h(p)}</li>" for p in block.points) + "</ul>")
        elif block.rows:
            head = "".join(f'<th scope="col">{_h(cell)}</th>' for cell in block.head)
            rows = "".join(
                f'<tr><th scope="row">{_h(row[0])}</th>'
                + "".join(f"<td>{_h(cell)}</td>" for cell in row[1:]) + "</tr>"
                for row in block.rows
            )  # fmt: skip
            body.append(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
        elif block.picture:
            data = base64.b64encode(block.picture.png).decode("ascii")
            body.append(
                f'<figure><img src="data:image/png;base64,{data}" alt="{_h(block.picture.alt)}">'
                f"<figcaption>{_h(block.picture.caption)}</figcaption></figure>"
            )
    return _PAGE.format(title=_h(card.title), body="\n".join(body))


def _h(text: str) -> str:
    return html.escape(_plain(text), quote=True)


def _md(text: str) -> str:
    r"""Escape what Markdown or HTML inside it would take for markup."""
    text = re.sub(r"([\\`*_{}\[\]<>#|~!])", r"\\\1", _plain(text))
    return text.replace("&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;")


def _plain(text: str) -> str:
    """Make one line of printable text: no control characters, no marks that turn the direction."""
    text = " ".join(str(text).split())
    return "".join(c for c in text if c.isprintable() or c == " ")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
 color: #1a1a1a; background: #fff; }}
.warning {{ border: 3px solid #D55E00; padding: .6rem 1rem; font-weight: bold; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ border: 1px solid #767676; padding: .25rem .6rem; text-align: left; }}
figure {{ margin: 1.5rem 0; }}
img {{ max-width: 100%; height: auto; }}
@media print {{ body {{ margin: 0; }} figure, table {{ break-inside: avoid; }} }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
