"""The model card: what was built, on whom, how well it does, and what it must not be used for.

Mitchell et al., *Model cards for model reporting*, FAT* 2019, arXiv:1810.03993, name the sections;
for medical models see also Sendak et al., npj Digit Med 3:41 (2020).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from medtutor import paths
from medtutor.capstone import inspection
from medtutor.capstone.render import Block, Card, markdown, page
from medtutor.capstone.work import Example, Report, Work

if TYPE_CHECKING:
    from medtutor.splits import Split
    from medtutor.types import Flag

__all__ = ["build", "limits", "write"]

WARNING = "Not for clinical use."


def build(
    work: Work,
    split: Split,
    report: Report,
    flags: Sequence[Flag],
    notes: Sequence[str],
    pictures: Sequence[Example],
    gap: float,
) -> Card:
    """Gather everything that a reader has to know.

    Parameters
    ----------
    work : Work
        The data and the trained network.
    split : Split
        Who was in which part; only counts go into the card, never a patient's id.
    report : Report
        What the test found.
    flags : sequence of Flag
        What the inspection found; the card counts them, file names go into ``findings.csv``.
    notes : sequence of str
        What the proposal of the split has to say.
    pictures : sequence of Example
        Explanations.
    gap : float
        Largest difference between the exported model and Keras.
    """
    rows = split.table()
    classes = tuple(rows[0].per_class)
    known = not any(note.startswith("NO ") for note in (*notes, *work.notes))
    people = len({str(p) for p in split.patients[split.test]})
    model = work.model
    b = Block
    blocks = [
        b(text=f"{WARNING} Made in a course, from data whose quality only their owner can judge, "
               "not evaluated in any clinic, not a medical device."),
        b(heading="Model"),
        b(points=(f"Network: {model.name}, {model.count_params():,} weights, Keras.",
                  f"Input: {_shape(model.input_shape)}. {work.preparation}",
                  f"Output: {_output(work)}",
                  f"File: model.onnx; it differs from the trained network by at most {gap:.1g}.")),
        b(heading="Intended use"),
        b(text="Learning how such a model is built and tested, and deciding whether a proper study "
               "is worth its cost."),
        b(heading="Uses that are out of scope"),
        b(points=("Any decision about a patient: diagnosis, triage, treatment, reassurance.",
                  "Other scanners, devices, hospitals or patients than those of the data, until "
                  "it has been tested there.",
                  "Images or signals that were prepared in another way than named above.")),
        b(heading="Data"),
        *(b(text=_unmarked(part)) for part in work.card.split("\n\n") if part.strip()),
        *([b(points=tuple(work.notes))] if work.notes else []),
        b(heading="Inspection"),
        b(text="Flags are questions for a person, not verdicts. File names are in findings.csv."),
        b(head=("check", "flags"),
          rows=tuple((check, str(n)) for check, n, _ in inspection.summary(flags))
          or (("nothing flagged", "0"),)),
        *([b(points=shortcuts)] if (shortcuts := tuple(
            f"{f.item}: {f.reason}" for f in flags if f.check == "shortcut")) else []),
        b(heading="Split ledger"),
        b(head=("part", f"{work.unit}s or groups", "samples", *classes),
          rows=tuple((r.part, str(r.patients), str(r.samples),
                      *(str(r.per_class[c]) for c in classes)) for r in rows)),
        b(text=f"No {work.unit} or group is in two parts. Rule: {split.rule}."),
        *([b(points=tuple(notes))] if notes else []),
        b(heading="Results on the test part"),
        b(head=("measure", "value", "95 % interval"),
          rows=tuple((s.what, f"{s.interval.value:.3f} {s.unit}".strip(),
                      f"{s.interval.low:.3f} to {s.interval.high:.3f}") for s in report.scores)),
        b(points=tuple(report.sentences)),
    ]  # fmt: skip
    for title, head, body in report.tables:
        blocks += [b(text=title + ":"), b(head=tuple(head), rows=tuple(map(tuple, body)))]
    blocks += [b(picture=picture) for picture in (*report.pictures, *pictures)]
    blocks += [b(heading="Limits"), b(points=tuple(limits(work, known, people)))]
    return Card(f"Model card: {work.name}", blocks)


def limits(work: Work, known: bool, people: int) -> list[str]:
    """Write down what limits these results, from what is known about the data.

    Parameters
    ----------
    work : Work
        The data.
    known : bool
        Whether patients are known.
    people : int
        Patients or groups in the test part.
    """
    found = []
    if work.simulated:
        found.append("The data are simulated: nothing here is a result on patients.")
    if not known:
        found.append(f"It is not known which samples are of one {work.unit}: one may have trained "
                     "and tested. Results are too good, intervals too narrow.")  # fmt: skip
    if people < 40:
        found.append(f"Only {people} {work.unit}s or groups in the test part: below 40, intervals "
                     "are narrower than they claim to be.")  # fmt: skip
    found.append("All data are of one source. Nothing here says how the model does elsewhere.")
    found.append("One training, one test part. Other seeds and other parts would give other "
                 "numbers; the intervals cover the patients, not the training.")  # fmt: skip
    found.append("Who set the labels, and how well they agreed, is not part of this card.")
    found.append("Probabilities have not been calibrated, and no subgroup (age, sex, device) was "
                 "tested, since the data do not name any.")  # fmt: skip
    found.append("Maps show what an answer rests on, not whether it is right.")
    return found


def write(card: Card, folder: Path, flags: Sequence[Flag], split: Split) -> list[str]:
    """Write the card, its pictures and tables; each file is there whole or not at all.

    The two cards come last: who finds one finds everything that it names.

    Parameters
    ----------
    card : Card
        What `build` made.
    folder : Path
        See `source.output_folder`.
    flags : sequence of Flag
        For ``findings.csv``.
    split : Split
        For ``split.csv``. Both tables hold names of files or patients: keep them with the data.

    Returns
    -------
    list of str
        Names of the files written.
    """
    names = []
    for number, block in enumerate((b for b in card.blocks if b.picture), start=1):
        assert block.picture is not None
        names.append(f"figure_{number}.png")
        paths.write_bytes(folder / names[-1], block.picture.png)
    parts = {int(k): part for part in ("train", "validation", "test")
             for k in getattr(split, part)}  # fmt: skip
    rows = [[str(k), str(split.patients[k]), part] for k, part in sorted(parts.items())]
    tables = {
        "findings.csv": [["item", "check", "reason"], *([*flag] for flag in flags)],
        "split.csv": [["sample", "group", "part"], *rows],
    }
    for name, table in tables.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([_harmless(c) for c in r] for r in table)
        paths.write_text(folder / name, text.getvalue())
    paths.write_text(folder / "model_card.html", page(card))
    paths.write_text(folder / "model_card.md", markdown(card))
    return [*names, *tables, "model_card.html", "model_card.md"]


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a name for a formula (OWASP, CSV injection)."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _unmarked(text: str) -> str:
    """Take the marks of Markdown off a data card: here they would be escaped and shown."""
    return text.lstrip("# ").replace("**", "").replace("`", "")


def _shape(shape: Sequence[int | None]) -> str:
    return " x ".join(str(n) for n in shape[1:])


def _output(work: Work) -> str:
    if work.kind == "images":
        return "probability of each class: " + ", ".join(work.class_names) + "."
    return "where the beats lie (250 bins), heart rate and its change, in units of their spread."
