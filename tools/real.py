"""Run the lessons on real patients' data and store what they say: ``python tools/real.py FOLDER``.

FOLDER holds `lidc_nodules` (crops of LIDC-IDRI with labels and outlines), `mitdb` (MIT-BIH records)
and `iq_slices` (whole slices); what is not there is left out. The site makes its page from
``book/real.json``; nothing of the data is in it but the results.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from medtutor import paths, runner
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


def main() -> int:
    """Run every lesson that there are data for, and store the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    runs: list[dict[str, Any]] = []
    libraries = {name: importlib.metadata.version(name) for name in LIBRARIES}
    for lesson, name, task in RUNS:
        if (folder / name).is_dir():
            runs.append(one(lesson, folder / name, task))
            kept = {"date": f"{datetime.date.today()}", "libraries": libraries, "runs": runs}
            paths.write_text(STORE, json.dumps(kept, indent=1) + "\n")
    return 1 if any(run["failure"] for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
