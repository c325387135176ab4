"""Run the lessons on real patients' data and store what they say: ``python tools/real.py FOLDER``.

FOLDER holds `lidc_nodules` (crops of LIDC-IDRI with labels and outlines), `mitdb` (MIT-BIH records)
and `iq_slices` (whole slices); what is not there is left out. The site makes its page from
``book/real.json``; nothing of the data is in it but the results.
"""

import argparse
import datetime
import functools
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from medtutor import datasets, metrics, paths, runner
from medtutor.errors import MedtutorError

STORE = paths.root() / "book" / "real.json"
RUNS = [  # lesson, folder, task of lesson 23
    ("08", "lidc_nodules", ""),
    ("13", "lidc_nodules", ""),
    ("15", "mitdb", ""),
    ("16", "mitdb", ""),
    ("17", "mitdb", ""),
    ("23", "lidc_nodules", "outlines"),
    ("23", "mitdb", "beats"),
    ("23", "iq_slices", ""),
]
LIBRARIES = ("tensorflow", "keras", "numpy", "scikit-learn", "scipy", "wfdb", "pydicom")


def one(lesson: str, folder: Path, task: str) -> dict[str, Any]:
    """Run a lesson on a folder; give its results, or why it refused."""
    start, failure = time.monotonic(), ""
    os.environ["MEDTUTOR_TASK"] = task
    with tempfile.TemporaryDirectory() as out:
        try:
            runner.run(lesson, str(folder), Path(out))
        except MedtutorError as error:
            failure = str(error).split("The notebook up to there")[0].replace(str(folder), "")
        found = json.loads(Path(out, "results.json").read_text("utf-8"))
    results = {name: each for name, each in found.items() if not name.endswith("seconds")}
    seconds = round(time.monotonic() - start)
    row = {"lesson": lesson, "data": folder.name, "task": task, "seconds": seconds}
    return {**row, "failure": failure, "results": results}


FOLDS = 5
KEEP = """\
import os
np.savez(os.environ["MEDTUTOR_KEEP"], truth=truth, both=said, boosting=rival, subject=subject)"""


def beats_of_everybody(folder: Path) -> dict[str, Any]:
    """Run lesson 17 until everybody of a folder was a stranger once, and score all at once.

    One split of so few records tests a handful of people. Here each beat is named by the one of
    five runs that has not met its person, every fifth person a run.
    """
    start, named = time.monotonic(), []
    recordings = datasets.load_ecg(str(folder)).recordings
    people = sorted({r.subject for r in recordings})
    for fold in range(FOLDS):
        with tempfile.TemporaryDirectory() as scratch:
            records = Path(scratch, "records")
            records.mkdir()
            for file in folder.iterdir():
                shutil.copyfile(file, records / file.name)
            strangers = people[fold::FOLDS]
            lines = [
                f"{r.name},{r.subject},{'test' if r.subject in strangers else 'train'}"
                for r in recordings
            ]
            (records / "split.csv").write_text("\n".join(["record,subject,split", *lines]) + "\n")
            named.append(name_beats(records, Path(scratch)))
    together = {name: np.concatenate([one[name] for one in named]) for name in named[0]}
    return {
        **{"lesson": "17", "data": folder.name, "task": ""},
        "seconds": round(time.monotonic() - start),
        "failure": "",
        "results": scores(together),
        "people": mistakes(together),
    }


def name_beats(records: Path, scratch: Path) -> dict[str, np.ndarray]:
    """Run lesson 17, and keep what it calls each beat of its test people."""
    book = nbformat.read(runner.lesson_path("17"), 4)
    book.cells.append(nbformat.v4.new_code_cell(KEEP))
    lesson, kept = scratch / "17_name_every_beat.ipynb", scratch / "named.npz"
    nbformat.write(book, lesson)
    (scratch / "out").mkdir()
    setting = {**runner.data_setting(str(records)), "MEDTUTOR_KEEP": str(kept)}
    outcome = runner.execute(lesson, scratch / "out", setting)
    if outcome.error:
        raise MedtutorError(outcome.error)
    with np.load(kept, allow_pickle=False) as file:
        return dict(file)


def scores(named: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Give F1 of S and V over all people.

    An F that is called V counts neither for nor against V, the rule of ANSI/AAMI EC57 by which the
    literature scores; in `.strict` it counts against.
    """
    truth, who, found = named["truth"], named["subject"], {}

    def f1(true: np.ndarray, called: np.ndarray, k: int) -> float:
        both = np.sum(true == k) + np.sum(called == k)
        return 2 * np.sum((true == k) & (called == k)) / both if both else np.nan

    everything = np.full(len(truth), True)
    kinds = {"s": (1, everything), "v": (2, truth != 3), "v.strict": (2, everything)}
    for name in ("both", "boosting"):
        for key, (k, use) in kinds.items():
            value, low, high = metrics.bootstrap(
                functools.partial(f1, k=k),
                *(truth[use], named[name][use]),
                groups=who[use],
                bounds=(0, 1),
            )
            found[f"{name}.{key}.f1"] = {"value": value, "low": low, "high": high}
    return found


def mistakes(named: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Count for each person the V, those that were found, and what else was called V."""
    truth, called, who = named["truth"], named["both"], named["subject"]
    rows = []
    for person in np.unique(who[(truth == 2) | (called == 2)]):
        own = who == person
        row = {"person": str(person), "V": int(np.sum(own & (truth == 2)))}
        for name, k in (("found", 2), ("N called V", 0), ("S called V", 1), ("F called V", 3)):
            row[name] = int(np.sum(own & (truth == k) & (called == 2)))
        rows.append(row)
    return rows


def main() -> int:
    """Run every lesson that there are data for, and store the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    kept: dict[str, Any] = {
        "date": f"{datetime.date.today()}",
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "runs": [],
    }
    for lesson, name, task in RUNS:
        if (folder / name).is_dir():
            kept["runs"].append(one(lesson, folder / name, task))
            paths.write_text(STORE, json.dumps(kept, indent=1) + "\n")
    if (folder / "mitdb").is_dir():
        kept["runs"].append(beats_of_everybody(folder / "mitdb"))
        paths.write_text(STORE, json.dumps(kept, indent=1) + "\n")
    return 1 if any(run["failure"] for run in kept["runs"]) else 0


if __name__ == "__main__":
    sys.exit(main())
