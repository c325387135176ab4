"""Run every benchmark, one after another, and renew the book's tables: ``make bench``.

    python benchmarks/bench.py                       all (half an hour on two quiet cores)
    python benchmarks/bench.py --only steps layers   these; what the others found stays
    python benchmarks/bench.py --page                renew the tables from what is stored

Each section is a process of its own, so that none warms up for another. The rows of all stand in
`benchmarks/results.json`; the tables of `book/bench.md` and `book/scale.md` are made from it alone.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import common

from medtutor import paths

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PAGES = [paths.root() / "book" / name for name in ("bench.md", "scale.md")]
SECTIONS = {
    "steps": "steps.py",
    "goals": "goals.py",
    "ingestion": "ingestion.py",
    "latency": "realtime.py",
    "layers": "layers.py",
    "growth": "scale/stream.py",
    "workers": "scale/two_workers.py",
    "folders": "scale/many_folders.py",
}
BLOCK = re.compile(r"(<!-- bench: (\w+) -->\n).*?(<!-- bench: end -->)", re.DOTALL)


def main() -> None:
    """Measure what was asked for, store it, renew the pages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=[*SECTIONS])
    parser.add_argument("--real", type=Path, help="folder of data of real people, for ingestion")
    parser.add_argument("--toy", action="store_true", help="small sizes: seconds, no result")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of the results")
    parser.add_argument("--page", action="store_true", help="only renew the pages")
    chosen = parser.parse_args()
    for name in [] if chosen.page else chosen.only:
        print(f"{name} …", flush=True)
        more = ["--toy"] * chosen.toy
        if name == "ingestion" and chosen.real:
            more += ["--real", str(chosen.real)]
        store(chosen.out, name, run(SECTIONS[name], more))
    if chosen.out == RESULTS:
        results = json.loads(RESULTS.read_text("utf-8"))
        for page in PAGES:
            paths.write_text(page, renewed(page.read_text("utf-8"), results))


def run(program: str, more: list[str]) -> common.Row:
    """Run a section; give its rows, and when, how long and on how busy a machine it ran."""
    quiet = {k: v for k, v in os.environ.items() if k not in common.OPENBLAS}
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as room:
        file = Path(room, "rows.json")
        command = [sys.executable, str(HERE / program), "--json", str(file), *more]
        busy = _others()
        if code := subprocess.run(command, env=quiet, check=False).returncode:
            raise SystemExit(f"benchmarks/{program} ended with {code}: what it said stands above")
        rows = json.loads(file.read_text("utf-8"))
    took = round(time.monotonic() - start)
    return {"date": date.today().isoformat(), "seconds": took, "busy": busy, "rows": rows}


def _others() -> float | None:
    """Processes that wanted a core in the last minute, before this section began."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def store(file: Path, name: str, found: common.Row) -> None:
    """Put what a section found into the results, whole or not at all."""
    results = json.loads(file.read_text("utf-8")) if file.is_file() else {"sections": {}}
    results["machine"] = common.machine()
    results["sections"][name] = found
    paths.write_text(file, json.dumps(results, indent=1, ensure_ascii=False) + "\n")


# ------------------------------ pages


def renewed(text: str, results: common.Row) -> str:
    """Give a page with its tables made anew."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{block(m[2], results)}\n\n{m[3]}", text)


def block(name: str, results: common.Row) -> str:
    """Make the table of one section, or that of the machine."""
    if name == "machine":
        return _machine(results)
    section = results["sections"].get(name)
    if section is None:
        return "Not measured yet."
    columns = COLUMNS[name]
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[show(row) for show in columns.values()] for row in section["rows"]]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    said = SUMMARIES[name](section["rows"]) if name in SUMMARIES else ""
    return f"{table}\n\n{said}".strip()


def _machine(results: common.Row) -> str:
    """Say what the numbers were measured on, and when."""
    where = results["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in where["versions"].items())
    lines = [
        f"| processor | {where['processor']}, {where['cores']} cores, {where['threads']} threads |",
        f"| memory | {where['memory_gb']} GB |",
        f"| software | {where['system']}, Python {where['python']}, {versions} |",
    ]
    for name, section in results["sections"].items():
        lines.append(
            f"| {name} | {section['date']}, {section['seconds']} s, load before it: "
            f"{section['busy']} |"
        )
    return "\n".join(["| | |", "|---|---|", *lines])


def _number(value: float | None) -> str:
    """Write a number with three digits, as they are read."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}" if abs(value) >= 1 or value == 0 else f"{value:.2g}"


def _of(name: str, unit: str = "") -> Callable[[common.Row], str]:
    """Show one value of a row."""

    def show(row: common.Row) -> str:
        value: Any = row[name]
        text = f"{value:,}" if isinstance(value, int) else value
        text = _number(value) if value is None or isinstance(value, float) else str(text)
        return text + unit * (value is not None)

    return show


def _at_least(row: common.Row, name: str) -> str:
    """Show how much longer the article's network took, or would at least take."""
    return "over " * bool(row[name] and row["end"] != "reached") + _number(row[name])


COLUMNS: dict[str, dict[str, Callable[[common.Row], str]]] = {
    "steps": {
        "the article's network": _of("article"),
        "weights": _of("article_weights"),
        "ms a step": _of("article_ms"),
        "the course's": _of("ours"),
        "its weights": _of("weights"),
        "its ms": _of("ms"),
        "article / course": _of("ratio"),
    },
    "goals": {
        "goal": lambda row: f"{row['task']}: {row['goal']}",
        "network": _of("network"),
        "steps": _of("steps"),
        "seconds": _of("seconds"),
        "to the end of the first step": _of("first"),
        "best": _of("best"),
        "end": _of("end"),
        "article / course": lambda row: _at_least(row, "ratio"),
        "after the first step": lambda row: _at_least(row, "ratio_after"),
    },
    "ingestion": {
        "from, to": _of("what"),
        "people": _of("data"),
        "loop around": _of("rival"),
        "loop, ms": _of("rival_ms"),
        "course, ms": _of("ms"),
        "loop / course": _of("ratio"),
    },
    "latency": {
        "network": _of("network"),
        "asked by": _of("way"),
        "KB": _of("kb"),
        "median ms": _of("ms"),
        "99 % within, ms": _of("p99"),
        "tf.function / this": _of("ratio"),
        "largest difference": _of("gap"),
    },
    "layers": {
        "layer": _of("layer"),
        "lesson, size": lambda row: f"{row['lesson']}: {row['size']}",
        "course, ms": _of("ms"),
        "/ TensorFlow": _of("TF"),
        "/ loop": _of("loop"),
        "/ numpy-ml": _of("numpy-ml"),
    },
    "growth": {
        "people": _of("people"),
        "windows": _of("windows"),
        "MB on the disk": _of("mb"),
        "s, streamed": _of("seconds"),
        "MB before": _of("before_mb"),
        "MB at most": _of("peak_mb"),
        "of the first": _of("of_first"),
        "s, all at once": _of("seconds_all"),
        "its MB at most": _of("peak_mb_all"),
        "of its first": _of("of_first_all"),
    },
    "workers": {
        "processes": _of("processes"),
        "images of a batch in each": _of("share"),
        "steps": _of("steps"),
        "ms a step": _of("ms"),
        "loss, last epoch": lambda row: f"{row['loss']:.5f}",
        "difference": lambda row: f"{row['difference']:.1e}" if row["difference"] else "-",
    },
    "folders": {
        "folder": _of("folder"),
        "records": _of("records"),
        "windows": _of("windows"),
        "detector's MAE, bpm": _of("detector_mae"),
    },
}


def _layers(rows: list[common.Row]) -> str:
    """Sum up the ratios to each other library."""
    said = []
    for key, name in {"TF": "TensorFlow's", "loop": "the loop's", "numpy-ml": "numpy-ml's"}.items():
        found = [row[key] for row in rows if row[key] is not None]
        if found:
            middle, worst = statistics.median(found), max(found)
            said.append(f"{_number(middle)} of {name}, at worst {_number(worst)}")
    return f"Our time, in the median: {'; '.join(said)}."


def _folders(rows: list[common.Row]) -> str:
    """Say how long all folders took."""
    alone, together = rows[0]["seconds_alone"], rows[0]["seconds_ray"]
    return f"One after another: {_number(alone)} s; through Ray: {_number(together)} s."


def _ingestion(rows: list[common.Row]) -> str:
    """Count the rows that reach the aim, and those that are slower than the loop."""
    fast, slow = (sum(row["ratio"] >= 5 for row in rows), sum(row["ratio"] < 1 for row in rows))
    return f"Five times is reached in {fast} of {len(rows)} rows; in {slow} the loop is faster."


SUMMARIES = {"ingestion": _ingestion, "layers": _layers, "folders": _folders}

if __name__ == "__main__":
    main()
