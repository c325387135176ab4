"""How well is the heart rate read? Cross-validation by subject, beside the detector.

    python benchmarks/heart_rate.py --data FOLDER          5 folds x 3 seeds (about 20 minutes)
    python benchmarks/heart_rate.py --data FOLDER --seeds 1 --folds 2

The network and its training are those of lesson 15. Every window is read once in each seed, by a
network that has not met its subject; a seed deals the subjects anew. The same windows are read
again with simulated noise added at 0 dB (`ecg.noise.snr`), of three kinds; the detector gets the
same noisy recording. Intervals are calibrated, and windows turned away, by what each network's own
validation subjects say without noise. All differences are paired, their intervals drawn over
subjects.
"""

import argparse
import time
from dataclasses import replace
from typing import Any

import common  # noqa: F401  before Keras
import numpy as np

from medtutor import datasets, metrics, splits
from medtutor.ecg import beats, hrv, maps, models, noise, quality, segments, training
from medtutor.types import Recording, Windows

SEEDS, FOLDS, STEPS, NOISE_DB = 3, 5, 700, 0.0
KINDS = ("muscle", "wander", "motion")
READERS = ("mean", "detector", "direct", "one lead", "two leads", "fused")
Answers = dict[str, np.ndarray]  # what was said about each window, by name


def main() -> None:
    """Cross-validate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of WFDB records, or a source's name")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--keep", help="folder that gets all answers, one .npz for each seed")
    options = parser.parse_args()
    start = time.perf_counter()
    data = datasets.load_ecg(options.data)
    clean = segments.cut(data.recordings)
    print(f"{clean}\nread and cut in {time.perf_counter() - start:.1f} s")
    views = {"clean": data.recordings}
    for kind in KINDS:
        views[f"{kind}, 0 dB"] = tuple(_noisy(r, kind) for r in data.recordings)
    windows = {view: _same(segments.cut(records), clean) for view, records in views.items()}
    found = {v: {r.name: _detected(r) for r in records} for v, records in views.items()}
    results: list[dict[str, Answers]] = []
    for seed in range(options.seeds):
        results.append(_cross_validate(windows, found, seed, options))
        if options.keep:
            flat = {f"{v}/{k}": a for v, said in results[-1].items() for k, a in said.items()}
            np.savez(f"{options.keep}/seed{seed}.npz", allow_pickle=False, **flat)
        for view, said in results[-1].items():
            errors = ", ".join(f"{k} {_mae(clean.rate, said[k]):.2f}" for k in READERS)
            print(f"seed {seed}, {view}: MAE in bpm: {errors}", flush=True)
    for view in views:
        _print_means(view, clean, [r[view] for r in results])
        _print_intervals(clean, [r[view] for r in results])
    _print_rejection(clean, [r["clean"] for r in results])
    _print_variability(data.recordings, clean, found["clean"], [r["clean"] for r in results])


def _noisy(recording: Recording, kind: str) -> Recording:
    """Add noise to every lead; the seed is the record's name, so that all readers get the same."""
    rng = np.random.default_rng(list(f"{kind} {recording.name}".encode()))
    signal = np.nan_to_num(recording.signal)
    return replace(recording, signal=noise.add_noise(signal, recording.fs, kind, NOISE_DB, rng))


def _same(windows: Windows, clean: Windows) -> Windows:
    """Take the windows that the clean set has: noise brings flat lines to life."""
    place = {key: k for k, key in enumerate(zip(windows.record, windows.start, strict=True))}
    return windows[np.array([place[k] for k in zip(clean.record, clean.start, strict=True)])]


def _detected(recording: Recording) -> np.ndarray:
    return beats.detect(np.nan_to_num(recording.signal[:, 0]), recording.fs)


def _cross_validate(
    windows: dict[str, Windows],
    found: dict[str, dict[str, np.ndarray]],
    seed: int,
    options: argparse.Namespace,
) -> dict[str, Answers]:
    """Read every window by a network that has not met its subject."""
    clean = windows["clean"]
    people = np.random.default_rng(seed).permutation(np.unique(clean.subject))
    results: dict[str, Answers] = {view: {} for view in windows}
    for fold in range(options.folds):
        test = np.isin(clean.subject, people[fold :: options.folds])
        given = np.where(test, "test", "train")
        split = splits.by_patient(clean.rate, clean.subject, given, seed=seed, unit="subject")
        scales = segments.normaliser(clean, split.train)
        model: Any = models.rate_lstm(seed=seed)
        start = time.perf_counter()
        training.fit(model, clean, split, scales, steps=options.steps, seed=seed, verbose=False)
        seconds = time.perf_counter() - start
        print(f"seed {seed}, fold {fold}: trained in {seconds:.0f} s", flush=True)
        held = clean[split.validation]
        said = models.read(model, held, scales, leads=2)
        margin = maps.calibrate(said.rate - held.rate, said.spread, held.subject)
        limit = quality.limit(said.spread)
        for view, cut in windows.items():
            part = _answers(model, cut[test], found[view], scales)
            part["reach"] = margin.factor * part["spread"]
            part["kept"] = part["spread"] <= limit
            for name, values in part.items():
                shape = (len(clean), *values.shape[1:])
                results[view].setdefault(name, np.empty(shape, values.dtype))[test] = values
    return results


def _answers(
    model: Any, cut: Windows, found: dict[str, np.ndarray], scales: segments.Normaliser
) -> Answers:
    """Ask all readers about windows."""
    one = models.read(model, cut, scales)
    two = models.read(model, cut, scales, leads=2)
    marks = maps.marks(found, cut)
    detector = np.full(len(cut), np.nan)
    for name, places in found.items():
        mine = cut.record == name
        length = cut.signal.shape[1]
        detector[mine] = beats.rates(places, cut.fs, cut.start[mine], length)
    fused = maps.fuse(two.beats, marks, cut.fs, cut.signal.shape[1])
    return {
        "mean": np.full(len(cut), scales.rate_mean),
        "detector": np.where(np.isnan(detector), scales.rate_mean, detector),
        "direct": two.direct,
        "one lead": one.rate,
        "two leads": two.rate,
        "fused": np.where(np.isnan(fused), two.rate, fused),
        "spread": two.spread,
        "map": two.beats.astype(np.float32),
    }


def _mae(truth: np.ndarray, answer: np.ndarray) -> float:
    return float(np.mean(np.abs(answer - truth)))


def _print_means(view: str, clean: Windows, seeds: list[Answers]) -> None:
    """Print the mean over the seeds, and how the readers differ from the detector."""
    print(f"\n{view}, {len(clean)} windows, mean over {len(seeds)} seeds:")
    errors = {k: np.mean([np.abs(s[k] - clean.rate) for s in seeds], axis=0) for k in READERS}
    for name in READERS:
        within = np.mean([np.abs(said[name] - clean.rate) <= 3 for said in seeds])
        spread = np.std([_mae(clean.rate, said[name]) for said in seeds])
        error = metrics.mae(errors[name], clean.subject)
        text = f"{error.value:6.2f} bpm (95 % CI {error.low:.2f} to {error.high:.2f}; SD over seeds"
        print(f"  {name:9}{text} {spread:.2f}), within 3 bpm {within:.1%}")
    for name in ("one lead", "two leads", "fused"):
        gap = metrics.bootstrap(np.mean, errors[name] - errors["detector"], groups=clean.subject)
        share = errors[name].mean() / errors["detector"].mean()
        text = f"{gap.value:+.2f} ({gap.low:+.2f} to {gap.high:+.2f})"
        print(f"  {name} minus detector: {text}; {share:.2f} of its error")
    gap = metrics.bootstrap(np.mean, errors["two leads"] - errors["one lead"], groups=clean.subject)
    print(f"  two leads minus one: {gap.value:+.2f} ({gap.low:+.2f} to {gap.high:+.2f})")


def _print_intervals(clean: Windows, seeds: list[Answers]) -> None:
    """Print how often the 90 % intervals of two leads cover the truth, and how wide they are."""
    inside = np.mean([np.abs(s["two leads"] - clean.rate) <= s["reach"] for s in seeds], axis=0)
    cover = metrics.bootstrap(np.mean, inside, groups=clean.subject)
    reach = np.concatenate([s["reach"] for s in seeds])
    people = [inside[clean.subject == s].mean() for s in np.unique(clean.subject)]
    kept = np.concatenate([s["kept"] for s in seeds])
    wrong = np.concatenate([np.abs(s["two leads"] - clean.rate) for s in seeds])
    print(
        f"  nominal 90 % intervals cover {cover.value:.1%} ({cover.low:.1%} to {cover.high:.1%}; "
        f"subjects {min(people):.0%} to {max(people):.0%}); reach: median {np.median(reach):.2f}, "
        f"mean {reach.mean():.2f} bpm"
    )
    print(f"  usable by its validation limit: {kept.mean():.1%}, MAE {wrong[kept].mean():.2f} bpm")


def _print_rejection(clean: Windows, seeds: list[Answers]) -> None:
    """Print the MAE of two leads as doubtful windows are turned away."""
    said = quality.of_signal(clean.signal[:, :, 0], clean.fs)
    print("\nMAE in bpm of two leads, when so many windows are turned away:")
    shares = [1.0, 0.98, 0.95, 0.9, 0.8, 0.7]
    print(f"  {'':28}" + "".join(f"{1 - k:7.0%}" for k in shares))
    for name in ("spread of the map", "kurtosis", "share of the QRS band", "oracle"):
        curves = []
        for seed in seeds:
            error = seed["two leads"] - clean.rate
            doubt = {
                "spread of the map": seed["spread"],
                "kurtosis": -said.kurtosis,
                "share of the QRS band": -said.qrs,
                "oracle": np.abs(error),
            }[name]
            curves.append(quality.rejection(error, doubt, shares)[1])
        print(f"  {name:28}" + "".join(f"{v:7.2f}" for v in np.mean(curves, axis=0)))


def _print_variability(
    recordings: tuple[Recording, ...],
    clean: Windows,
    found: dict[str, np.ndarray],
    seeds: list[Answers],
) -> None:
    """Print how well the variability of a window is read, and what it says of five minutes."""
    truth = hrv.of_beats(clean.beats, clean.fs, hrv.normal_beats(recordings, clean))
    long = hrv.around(recordings, clean)
    lead = segments.band_pass(clean.signal[:, :, 0], clean.fs)
    marks = maps.marks(found, clean)
    read = {
        "two leads": beats.to_peaks(maps.find_beats(seeds[0]["map"], clean.fs), lead, clean.fs),
        "detector": beats.to_peaks(marks, lead, clean.fs),
        "true beats, 20 % rule": clean.beats,
    }
    print("\nvariability of a window, seed 0 (reference: annotated beats, ectopic ones excluded):")
    for name, places in read.items():
        said = hrv.of_beats(places, clean.fs)
        print(f"  {name:22}" + "; ".join(_error(n, said, truth) for n in said._fields[:3]))
    for name in ("sdnn", "rmssd"):
        short, five = getattr(truth, name), getattr(long, name)
        both = np.isfinite(short) & np.isfinite(five) & (five > 0)
        if not both.any():  # recordings shorter than five minutes
            continue
        ratio = np.quantile(short[both] / five[both], [0.1, 0.5, 0.9])
        text = f"{ratio[1]:.2f} (middle 80 %: {ratio[0]:.2f} to {ratio[2]:.2f})"
        print(f"  {name.upper()} of a window over that of five minutes around it: median {text}")


def _error(name: str, said: hrv.Variability, truth: hrv.Variability) -> str:
    """Describe the error of one measure: median and mean."""
    wrong = np.abs(getattr(said, name) - getattr(truth, name))
    unit = "%" if name == "pnn50" else "ms"
    return f"{name.upper()} off by {np.nanmedian(wrong):.1f} (mean {np.nanmean(wrong):.1f}) {unit}"


if __name__ == "__main__":
    main()
