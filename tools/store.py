"""Re-execute the lessons in place and remove everything volatile: ``make notebooks``.

What stays is the same byte for byte when nothing changed: sources, outputs, alternative texts. What
goes is what differs between two runs: progress bars, timings, the metadata of kernel and machine.
Outputs that a lesson marks as volatile (`ledger.record` does so for seconds) are shown to a reader
who runs the lesson, and are not stored.
"""

import base64
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat

from medtutor import language, ledger, paths, runner

LARGEST = 400_000  # bytes of a stored lesson
KEPT_TAGS = ("tags", "jupyter", "slideshow")
README_TAG = "readme-figure"  # tag of the cell whose figure the README shows
PARTS = {  # first lesson and title of each
    "00": "Start, and the mathematics in NumPy",
    "07": "Images: lung nodules in CT",
    "14": "Signals: the heart in an ECG",
    "18": "What practice needs",
    "23": "Your own data",
}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def clean(book: Any) -> Any:
    """Remove what differs between two runs of the same lesson.

    Parameters
    ----------
    book : NotebookNode
        An executed notebook; changed in place.

    Returns
    -------
    NotebookNode
        The same notebook.
    """
    book.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    book.nbformat, book.nbformat_minor = 4, 5
    count = 0
    for position, cell in enumerate(book.cells):
        cell.id = f"cell-{position:03d}"
        cell.metadata = nbformat.from_dict(
            {k: v for k, v in cell.metadata.items() if k in KEPT_TAGS}
        )
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = [_clean_output(o, count) for o in _joined(cell.outputs)]
    return book


def _joined(outputs: list[Any]) -> list[Any]:
    """Drop volatile outputs and join pieces of the same stream, however they arrived."""
    kept: list[Any] = []
    for output in outputs:
        if output.get("metadata", {}).get(ledger.VOLATILE):
            continue
        if output.output_type == "stream" and output.name == "stderr":
            continue
        last = kept[-1] if kept else None
        if last is not None and last.output_type == output.output_type == "stream":
            last.text += output.text
        else:
            kept.append(output)
    return kept


def _clean_output(output: Any, count: int) -> Any:
    if "execution_count" in output:
        output.execution_count = count
    if output.output_type == "stream":
        output.text = re.sub(r"[^\n]*\r(?!\n)", "", output.text)
    return output


def store(lesson: Path) -> bool:
    """Execute a lesson and put the cleaned result in its place.

    Parameters
    ----------
    lesson : Path
        The notebook; it is replaced only if all of its cells ran.

    Returns
    -------
    bool
        Whether its bytes changed.

    Raises
    ------
    RuntimeError
        If a cell fails or warns, or the result is larger than a lesson may be.
    """
    with tempfile.TemporaryDirectory() as folder:
        outcome = runner.execute(
            lesson,
            Path(folder),
            {"MEDTUTOR_DATA": "", "MEDTUTOR_THREADS": "2"},
        )
        if outcome.error:
            raise RuntimeError(outcome.error)
        book = nbformat.read(Path(folder) / lesson.name, 4)
        _refuse_warnings(lesson.name, book)
        book = clean(book)
    text = nbformat.writes(book) + "\n"
    if len(text.encode()) > LARGEST:
        raise RuntimeError(f"{lesson.name}: {len(text) // 1000} KB; at most {LARGEST // 1000} KB")
    changed = lesson.read_text(encoding="utf-8") != text
    if changed:
        paths.write_text(lesson, text)
    _export_readme_figure(book)
    state = "changed" if changed else "unchanged"
    print(f"{lesson.name}: {state}, {outcome.seconds:.0f} s, {outcome.peak_mb:.0f} MB", flush=True)
    return changed


def _refuse_warnings(name: str, book: Any) -> None:
    """Raise if a cell wrote to stderr: a learner would meet it, and nbval would fail on it."""
    for position, cell in enumerate(book.cells):
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            continue
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise RuntimeError(f"{name}: cell {position} warns: {output.text.strip()}")


def _export_readme_figure(book: Any) -> None:
    for cell in book.cells:
        if README_TAG in cell.metadata.get("tags", []):
            pictures = [
                o.data["image/png"] for o in cell.outputs if "image/png" in o.get("data", {})
            ]
            picture = base64.b64decode(pictures[0])
            paths.write_bytes(paths.root() / "book" / "readme.png", picture)


def table() -> str:
    """Make the README's table of lessons from what each lesson says of itself.

    Returns
    -------
    str
        One row for each part, with its hours of reading, and one for each lesson: number, title as
        a link, minutes to read, seconds to run.
    """
    rows: list[str] = []
    minutes: dict[str, int] = {}
    for lesson in runner.all_lessons():
        number = lesson.name[:2]
        first = nbformat.read(lesson, 4).cells[0].source
        title = re.search(r"^# \d\d · (.+)$", first, re.MULTILINE)
        time = re.search(r"\*\*Time:\*\* (\d+) minutes to read, (\d+) seconds to run", first)
        if not title or not time:
            raise RuntimeError(f"{lesson.name}: the first cell lacks its title or its **Time:**")
        if number in PARTS:
            part = PARTS[number]
            rows.append(part)
        minutes[part] = minutes.get(part, 0) + int(time[1])
        rows.append(f"| {number} | [{title[1]}](notebooks/{lesson.name}) | {time[1]} | {time[2]} |")
    for part, read in minutes.items():
        rows[rows.index(part)] = f"| | **{part}**, {read / 60:.1f} hours | | |"
    return "\n".join(rows)


def main(numbers: list[str]) -> int:
    """Store the lessons with these numbers, or all of them; ``--table`` prints the README's."""
    if numbers == ["--table"]:
        print(table())
        return 0
    os.environ[language.VARIABLE] = language.ENGLISH
    lessons = [runner.lesson_path(n) for n in numbers] or runner.all_lessons()
    failed = 0
    for lesson in lessons:
        try:
            store(lesson)
        except RuntimeError as error:
            failed += 1
            print(error, file=sys.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
