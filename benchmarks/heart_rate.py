"""How well is the heart rate read? Cross-validation by subject, beside the detector.

    python benchmarks/heart_rate.py --data FOLDER          5 folds x 3 seeds (about 20 minutes)
    python benchmarks/heart_rate.py --data FOLDER --seeds 1 --folds 2

The network and its training are those of lesson 14. Every window is read once in each seed, by a
network that has not met its subject; a seed deals the subjects anew. The same windows are read
again with simulated noise added at 0 dB (`ecg.noise.snr`), of three kinds; the detector gets the
same noisy recording. All differences are paired, their intervals drawn over subjects.
"""

import argparse
import os
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", os.environ.get("MEDTUTOR_THREADS", "2"))

import numpy as np

from medtutor import datasets, metrics, splits
from medtutor.ecg import beats, models, noise, segments, training
from medtutor.ecg.records import Recording

SEEDS, FOLDS, STEPS, NOISE_DB = 3, 5, 700, 0.0
KINDS = ("muscle", "wander", "motion")
Rates = dict[str, np.ndarray]  # reader to beats a minute, one value for each window


def main() -> None:
    """Cross-validate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of WFDB records, or a source's name")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    data = datasets.load_ecg(options.data)
    views = {"clean": data.recordings}
    for kind in KINDS:
        views[f"{kind}, 0 dB"] = tuple(_noisy(r, kind) for r in data.recordings)
    clean = segments.cut(data.recordings)
    windows = {view: _same(segments.cut(records), clean) for view, records in views.items()}
    found = {view: _detected(views[view], windows[view]) for view in views}
    results: list[dict[str, Rates]] = []
    for seed in range(options.seeds):
        results.append(_cross_validate(windows, found, seed, options))
        for view, rates in results[-1].items():
            errors = ", ".join(f"{k} {_mae(clean.rate, v):.2f}" for k, v in rates.items())
            print(f"seed {seed}, {view}: MAE in bpm: {errors}", flush=True)
    for view in views:
        _print_means(view, clean, [r[view] for r in results])


def _noisy(recording: Recording, kind: str) -> Recording:
    """Add noise to every lead; the seed is the record's name, so that all readers get the same."""
    from dataclasses import replace

    rng = np.random.default_rng(list(f"{kind} {recording.name}".encode()))
    signal = np.nan_to_num(recording.signal)
    return replace(recording, signal=noise.add_noise(signal, recording.fs, kind, NOISE_DB, rng))


def _same(windows: segments.Windows, clean: segments.Windows) -> segments.Windows:
    """Take the windows that the clean set has: noise brings flat lines to life."""
    place = {key: k for k, key in enumerate(zip(windows.record, windows.start, strict=True))}
    return windows[np.array([place[k] for k in zip(clean.record, clean.start, strict=True)])]


def _detected(recordings: tuple[Recording, ...], windows: segments.Windows) -> np.ndarray:
    found = np.full(len(windows), np.nan)
    for recording in recordings:
        found[windows.record == recording.name] = beats.detector_rate(recording, windows)
    return found


def _cross_validate(
    windows: dict[str, segments.Windows],
    found: dict[str, np.ndarray],
    seed: int,
    options: argparse.Namespace,
) -> dict[str, Rates]:
    """Read every window by a network that has not met its subject."""
    clean = windows["clean"]
    people = np.random.default_rng(seed).permutation(np.unique(clean.subject))
    names = ("mean", "detector", "direct", "beat map")
    rates = {view: {name: np.empty(len(clean)) for name in names} for view in windows}
    for fold in range(options.folds):
        test = np.isin(clean.subject, people[fold :: options.folds])
        given = np.where(test, "test", "train")
        split = splits.by_patient(clean.rate, clean.subject, given, seed=seed, unit="subject")
        scales = segments.normaliser(clean, split.train)
        model: Any = models.rate_lstm(seed=seed)
        training.fit(model, clean, split, scales, steps=options.steps, seed=seed, verbose=False)
        for view, cut in windows.items():
            said = models.read(model, cut[test], scales)
            mapped = np.where(np.isnan(said.from_map), said.direct, said.from_map)
            heard = np.where(np.isnan(found[view][test]), scales.rate_mean, found[view][test])
            answers = (np.full(test.sum(), scales.rate_mean), heard, said.direct, mapped)
            for name, answer in zip(names, answers, strict=True):
                rates[view][name][test] = answer
    for read in rates.values():
        read["fused"] = np.median([read["detector"], read["direct"], read["beat map"]], axis=0)
    return rates


def _mae(truth: np.ndarray, answer: np.ndarray) -> float:
    return float(np.mean(np.abs(answer - truth)))


def _print_means(view: str, clean: segments.Windows, seeds: list[Rates]) -> None:
    """Print the mean over the seeds, and how the readers differ from the detector."""
    print(f"\n{view}, {len(clean)} windows, mean over {len(seeds)} seeds:")
    for name in seeds[0]:
        errors = np.mean([np.abs(rates[name] - clean.rate) for rates in seeds], axis=0)
        within = np.mean([np.abs(rates[name] - clean.rate) <= 3 for rates in seeds])
        spread = np.std([_mae(clean.rate, rates[name]) for rates in seeds])
        error = metrics.mae(errors, clean.subject)
        text = f"{error.value:6.2f} bpm (95 % CI {error.low:.2f} to {error.high:.2f}; SD over seeds"
        print(f"  {name:9}{text} {spread:.2f}), within 3 bpm {within:.1%}")
    for name in ("beat map", "fused"):
        gaps = [np.abs(r[name] - clean.rate) - np.abs(r["detector"] - clean.rate) for r in seeds]
        gap = metrics.bootstrap(np.mean, np.mean(gaps, axis=0), groups=clean.subject)
        print(f"  {name} minus detector: {gap.value:+.2f} ({gap.low:+.2f} to {gap.high:+.2f})")


if __name__ == "__main__":
    main()
