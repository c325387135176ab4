"""Train lesson 15's network on windows that stay on the disk: 1, 10, 100 times the people.

    python benchmarks/scale/stream.py

`Shards` is all that it takes: a `keras.utils.PyDataset` that opens the files of a batch when the
batch is wanted. One process trains on more and more people, and says after each size what its
largest memory was; another does the same with everything in memory. The people are copies of
simulated ones: seconds and memory are measured here, not what is learned.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def grow(way: str, times: tuple[int, ...], people: int) -> list[common.Row]:
    """Train for an epoch on more and more people; give a row for each size."""
    from medtutor.ecg import models

    model, rows, copies = models.rate_lstm(), [], 1
    loss = {"beats": "binary_crossentropy", "rate": "mae", "change": "mae"}
    model.compile(keras.optimizers.Adam(1e-3), loss)
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        write(folder, people)
        originals = sorted(folder.glob("*.npz"))
        windows = len(read(originals)[0])
        model.fit(Shards(folder), verbose=0)  # compiles
        before = _peak_mb()
        for n in times:
            for k in range(copies, n):
                for file in originals:
                    shutil.copy(file, file.with_name(f"{file.stem}_{k}.npz"))
            copies = n
            start = time.perf_counter()
            model.fit(**_given(folder, way), verbose=0)
            took, peak = time.perf_counter() - start, _peak_mb()
            size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
            row = {"people": people * n, "windows": windows * n, "mb": size}
            row |= {"seconds": took, "before_mb": before, "peak_mb": peak}
            rows.append({**row, "of_first": peak / (rows[0]["peak_mb"] if rows else peak)})
    return rows


def _given(folder: Path, way: str) -> common.Row:
    """Give `fit` the shards, or all of their arrays."""
    shards = Shards(folder)
    if way == "streamed":
        return {"x": shards}
    x, y = read(shards.files)
    return {"x": x, "y": y, "batch_size": -(-len(x) // len(shards))}


def _peak_mb() -> float:
    """Most memory that this process ever had; the system says KB, macOS bytes."""
    import resource  # Windows has none

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(times: tuple[int, ...], people: int) -> list[common.Row]:
    """Give a row for each size: streamed, and what it takes with everything in memory."""
    rows = grow("streamed", times, people)
    command = [sys.executable, __file__, "--way", "in_memory"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    others = json.loads(done.stdout.splitlines()[-1])
    return [
        row | {f"{name}_all": other[name] for name in ("seconds", "peak_mb", "of_first")}
        for row, other in zip(rows, others, strict=True)
    ]


def main() -> None:
    parser = common.options(__doc__)
    parser.add_argument("--way", choices=("streamed", "in_memory"), help="one way alone")
    chosen = parser.parse_args()
    if chosen.way:
        print(json.dumps(grow(chosen.way, TIMES, PEOPLE)))
    else:
        rows = grow("streamed", (1, 30), PEOPLE) if chosen.toy else measure(TIMES, PEOPLE)
        common.finish(rows, chosen.json)


if __name__ == "__main__":
    main()
