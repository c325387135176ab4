"""The model card: what was built, on whom, how well it does, and what it must not be used for.

Mitchell et al., *Model cards for model reporting*, FAT* 2019, arXiv:1810.03993, name the sections;
for medical models see also Sendak et al., npj Digit Med 3:41 (2020).

The card is written once, in Markdown (``card.md.j2``), and turned into one page of HTML that loads
nothing and runs nothing (``card.html.j2``). Everything that comes from a user's data (names of
files, of classes) is escaped on its way into the Markdown.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markdown_it import MarkdownIt

from medtutor import language, manifests, paths
from medtutor.capstone import inspect
from medtutor.capstone.work import Outcome
from medtutor.plots import style
from medtutor.splits import Split
from medtutor.types import Flag

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from medtutor.capstone.pictures import Pictures
    from medtutor.capstone.records import Records

    Work: TypeAlias = Pictures | Records  # and those that ask something else of them

FEW = 40  # patients below which no comparison is called


class CardPicture(NamedTuple):
    """A picture of the card: PNG bytes, alternative text, caption, whether it shows patients."""

    png: bytes
    alt: str
    caption: str
    of_patients: bool = False


def picture(fig: Figure, alt: str, caption: str, of_patients: bool = False) -> CardPicture:
    """Show a figure in the lesson, and keep it for the card."""
    style.show(fig, alt)
    return CardPicture(style.png(fig), style.alternative_text(alt), caption, of_patients)


def shareable(work: Work, pictures: Sequence[CardPicture]) -> list[CardPicture]:
    """Leave out what shows a patient: the card travels further than the data may."""
    return [each for each in pictures if work.simulated or not each.of_patients]


def plain(text: object) -> str:
    """Make one line of printable text: no control characters, no marks that turn the direction."""
    return "".join(c for c in " ".join(str(text).split()) if c.isprintable() or c == " ")


def escaped(text: object) -> str:
    r"""Escape what Markdown, or HTML inside it, would take for markup."""
    marked = re.sub(r"([\\`*_{}\[\]#|~!])", r"\\\1", plain(text).replace("&", "&amp;"))
    return marked.replace("<", "&lt;").replace(">", "&gt;")


TEMPLATES = Environment(
    loader=FunctionLoader(
        lambda name: language.page((Path(__file__).parent / name).read_text(encoding="utf-8"))
    ),
    autoescape=lambda name: name is not None and ".html" in name,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
# What the course says is translated; what stands in the user's data is not: a class may be "right".
TEMPLATES.filters |= {"md": escaped, "say": lambda text: language.say(str(text))}


def fill(
    work: Work,
    split: Split,
    outcome: Outcome,
    flags: Sequence[Flag],
    notes: Sequence[str],
    pictures: Sequence[CardPicture],
    gap: float | None,
) -> str:
    """Fill the card; `gap` is how far model.onnx is from the network, None without such a file."""
    rows = split.table()
    guessed = any(note.startswith("NO ") for note in (*notes, *work.notes))
    unknown = len(work.patients) if guessed else work.patients.tolist().count("")
    people = len({str(p) for p in split.patients[split.test]})
    return TEMPLATES.get_template("card.md.j2").render(
        work=work,
        about=[unmarked(part) for part in language.page(work.card).split("\n\n") if part.strip()],
        summary=inspect.summary(flags) or [("nothing flagged", 0, "")],
        shortcuts=[flag for flag in flags if flag.check == "shortcut"],
        rows=rows,
        classes=tuple(rows[0].per_class),
        rule=split.rule,
        notes=notes,
        outcome=outcome,
        pictures=shareable(work, pictures),
        hidden=len(pictures) - len(shareable(work, pictures)),
        limits=limits(work, unknown, people),
        gap=None if gap is None else f"{gap:.1g}",
    )


def limits(work: Work, unknown: int, people: int) -> list[str]:
    """Write down what limits these results: `unknown` samples are nobody's, `people` are tested."""
    found = []
    if work.simulated:
        found.append("The data are simulated: nothing here is a result on patients.")
    samples = len(work.patients)
    if unknown == samples:
        found.append(
            f"It is not known which samples are of one {work.unit}: one may have trained "
            "and tested. Results are too good, intervals too narrow."
        )
    elif unknown:
        found.append(
            f"{unknown} of {samples} samples have no {work.unit}: those whose {work.unit} is in "
            "another part make results too good and intervals too narrow."
        )
    if people < FEW:
        found.append(
            f"Only {people} {work.unit}s or groups in the test part: below {FEW}, a kind "
            f"of {work.unit} may be missing altogether, and no interval can know of it."
        )
    return [
        *found,
        "All data are of one source. Nothing here says how the model does elsewhere.",
        "One training, one test part. Other seeds and other parts would give other "
        "numbers; the intervals cover the patients, not the training.",
        *work.limits,
        "Who set the labels, and how well they agreed, is not part of this card.",
        "Probabilities have not been calibrated, and no subgroup (age, sex, device) was "
        "tested, since the data do not name any.",
        f"Weights can give away whether a {work.unit} was among those who taught them, and parts "
        "of what they learned by heart: pass them on only as the data may be passed on.",
    ]


def page(markdown: str, pictures: Sequence[CardPicture] = ()) -> str:
    """Turn a card into one HTML file that loads nothing and runs nothing."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(markdown)
    for token in tokens:
        if token.type == "th_open":
            token.attrSet("scope", "col")
        for child in token.children or ():
            if child.type == "image":
                number = int(re.sub(r"\D", "", str(child.attrs["src"])))
                data = base64.b64encode(pictures[number - 1].png).decode("ascii")
                child.attrSet("src", f"data:image/png;base64,{data}")
    warning = next((t for t in tokens if t.type == "paragraph_open"), None)
    if warning is not None:  # the first paragraph says: not for clinical use
        warning.attrs = {"class": "warning", "role": "note"}
    title = next((t.children for t in tokens if t.type == "inline"), None) or []
    return TEMPLATES.get_template("card.html.j2").render(
        title="".join(child.content for child in title),
        body=reader.renderer.render(tokens, reader.options, {}),
    )


def write(
    card: str,
    folder: Path,
    work: Work,
    pictures: Sequence[CardPicture],
    flags: Sequence[Flag],
    split: Split,
) -> list[str]:
    """Write the card, its pictures and tables; each file is there whole or not at all."""
    pictures = shareable(work, pictures)
    names = [f"figure_{k + 1}.png" for k in range(len(pictures))]
    for name, each in zip(names, pictures, strict=True):
        paths.write_bytes(folder / name, each.png)
    parts = {int(k): part for part in ("train", "validation", "test") for k in getattr(split, part)}
    items = work.items  # made anew at each call
    rows = [[items[k], str(split.patients[k]), part] for k, part in sorted(parts.items())]
    tables = {  # they account for every sample by the name of its file
        "findings.csv": [["item", "check", "reason"], *([*flag] for flag in flags)],
        "split.csv": [["file", "group", "part"], *rows],
    }
    for name, table in tables.items():
        paths.write_text(folder / name, manifests.written(table))
    # The two cards come last: who finds one finds everything that it names.
    paths.write_text(folder / "model_card.html", page(card, pictures))
    paths.write_text(folder / "model_card.md", card)
    return [*names, *tables, "model_card.html", "model_card.md"]


def unmarked(text: str) -> str:
    """Take the marks of Markdown off a data card: here they would be escaped and shown."""
    return text.lstrip("# ").replace("**", "").replace("`", "")
