"""Read several folders of ECG records at the same time through Ray, one task a folder.

    python benchmarks/scale/many_folders.py FOLDER FOLDER …

Without folders, the bundled simulated records are dealt into three. On one machine Ray uses its
cores; `ray.init(address="auto")` on a cluster uses those of all machines, and nothing else changes.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # the name misleads: loopback only
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import common
import numpy as np
import ray

from medtutor import paths


def judge(folder: str) -> common.Row:
    """Read a folder, cut windows, and ask the detector for the heart rate of each."""
    from medtutor.ecg import beats, segments
    from medtutor.ecg.io import read_folder

    recordings = read_folder(folder).recordings
    windows = segments.cut(recordings)
    wrong = []
    for recording in recordings:
        true = windows.rate[windows.record == recording.name]
        wrong.append(beats.detector_rate(recording, windows) - true)
    error = float(np.nanmean(np.abs(np.concatenate(wrong))))
    row = {"folder": Path(folder).name, "records": len(recordings), "windows": len(windows)}
    return {**row, "detector_mae": error}


def measure(folders: list[str]) -> list[common.Row]:
    """Judge the folders one after another and through Ray; give a row for each and the seconds."""
    judge(folders[0])  # imports what it needs
    start = time.perf_counter()
    alone = [judge(folder) for folder in folders]
    one_by_one = time.perf_counter() - start
    ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    task = ray.remote(judge)
    ray.get([task.remote(folder) for folder in folders])  # the workers import what they need
    start = time.perf_counter()
    rows = ray.get([task.remote(folder) for folder in folders])
    together = time.perf_counter() - start
    ray.shutdown()
    if rows != alone:
        raise SystemExit("Ray's tasks give other numbers")
    return [{**row, "seconds_alone": one_by_one, "seconds_ray": together} for row in rows]


def _dealt(room: Path, records: int | None) -> list[str]:
    """Deal the bundled records into three folders."""
    folders = [room / name for name in ("ward_1", "ward_2", "ward_3")]
    for folder in folders:
        folder.mkdir()
    for k, header in enumerate(sorted((paths.data() / "ecg_simulated").glob("*.hea"))[:records]):
        for path in header.parent.glob(f"{header.stem}.*"):
            shutil.copy(path, folders[k % 3])
    return [str(folder) for folder in folders]


def main() -> None:
    parser = common.options(__doc__)
    parser.add_argument("folders", nargs="*")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        folders = chosen.folders or _dealt(Path(room), 6 if chosen.toy else None)
        common.finish(measure(folders), chosen.json)


if __name__ == "__main__":
    main()
