"""Train lesson 15's network on windows that stay on the disk: 1, 10, 100 times the people.

    python benchmarks/scale/stream.py

`Shards` is all that it takes: a `keras.utils.PyDataset` that opens the files of a batch when the
batch is wanted. Each run is a process of its own, so that its largest memory can be asked for. The
people are copies of simulated ones: seconds and memory are measured here, not what is learned.
"""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import common
import keras
import numpy as np

TOGETHER = 3  # people whose windows make one batch
TIMES, PEOPLE = (1, 10, 100), 10
OUTPUTS = ("beats", "rate", "change")


class Shards(keras.utils.PyDataset):
    """Batches from one file a person, in a new order each epoch; only a few are in memory."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        super().__init__(max_queue_size=2)
        self.files = sorted(folder.glob("*.npz"))
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.files) // TOGETHER)

    def __getitem__(self, k: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        chosen = self.order[k * TOGETHER : (k + 1) * TOGETHER]
        return read([self.files[i] for i in chosen])

    def on_epoch_end(self) -> None:
        self.order = self.rng.permutation(len(self.files))


def read(files: list[Path]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Read the windows of some people, with their targets."""
    parts = [np.load(file, allow_pickle=False) for file in files]
    x, *targets = (np.concatenate([part[name] for part in parts]) for name in ("x", *OUTPUTS))
    return x, dict(zip(OUTPUTS, targets, strict=True))


def write(folder: Path, people: int) -> None:
    """Write one file for each of the first simulated people: prepared windows and targets."""
    from article import hearts

    from medtutor.ecg import training

    windows, _, scales = hearts()
    for subject in np.unique(windows.subject)[:people]:
        x, targets, _ = training.as_they_are(windows[windows.subject == subject], scales)
        np.savez(folder / f"{subject}.npz", allow_pickle=False, x=x, **targets)


def epoch(folder: Path, streamed: bool) -> common.Row:
    """Train for one epoch; give the seconds of it, and the most memory that this process had."""
    from medtutor.ecg import models

    model = models.rate_lstm()
    loss = {"beats": "binary_crossentropy", "rate": "mae", "change": "mae"}
    model.compile(keras.optimizers.Adam(1e-3), loss)
    shards = Shards(folder)
    model.train_on_batch(*shards[0])  # compiles
    before = _peak_mb()
    start = time.perf_counter()
    given: dict[str, Any] = {"x": shards}
    if not streamed:
        x, y = read(shards.files)
        given = {"x": x, "y": y, "batch_size": -(-len(x) // len(shards))}
    model.fit(**given, verbose=0)
    took = time.perf_counter() - start
    return {"seconds": took, "before_mb": before, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """Most memory that this process ever had; the system says KB, macOS bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(times: tuple[int, ...], people: int) -> list[common.Row]:
    """Give a row for each size: streamed, and with everything in memory."""
    rows: list[common.Row] = []
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room, "shards")
        folder.mkdir()
        write(folder, people)
        originals = sorted(folder.glob("*.npz"))
        windows = len(read(originals)[0])
        for n in times:
            for k in range(1, n):
                for file in originals:
                    copy = file.with_name(f"{file.stem}_{k}.npz")
                    if not copy.exists():
                        shutil.copy(file, copy)
            size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
            row = {"times": n, "people": people * n, "windows": windows * n, "mb": size}
            for way in ("streamed", "in_memory"):
                command = [sys.executable, __file__, "--folder", str(folder), "--way", way]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                found = json.loads(done.stdout.splitlines()[-1])
                row |= {f"{name}_{way}": value for name, value in found.items()}
            first = rows[0] if rows else row
            row["memory"] = row["peak_mb_streamed"] / first["peak_mb_streamed"]
            row["memory_all"] = row["peak_mb_in_memory"] / first["peak_mb_in_memory"]
            rows.append(row)
    return rows


def main() -> None:
    parser = common.options(__doc__)
    parser.add_argument("--folder", type=Path, help="folder of shards: train on it and say how")
    parser.add_argument("--way", choices=["streamed", "in_memory"], default="streamed")
    chosen = parser.parse_args()
    if chosen.folder:
        print(json.dumps(epoch(chosen.folder, chosen.way == "streamed")))
        return
    rows = measure((1, 10), 2) if chosen.toy else measure(TIMES, PEOPLE)
    common.finish(rows, chosen.json)


if __name__ == "__main__":
    main()
