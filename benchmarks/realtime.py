"""How large, how fast and how good are the exported models, and does the monitor keep up for a day?

    python benchmarks/realtime.py                      bundled ECG, 24 simulated hours (3 minutes)
    python benchmarks/realtime.py --data FOLDER --hours 1

Both networks are trained as in lesson 19. All that is timed runs in one thread, pinned to one core
where the system allows it. Wall-clock times are given beside those of the processor: on a machine
that does other work, the first hold the waiting too.
"""

import argparse
import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import common
import numpy as np
import psutil

from medtutor import datasets, export, metrics, splits
from medtutor.ct import models as ct_models
from medtutor.ct import preprocess
from medtutor.ecg import maps, models, quality, segments, stream, training

SIZES = (1, 37, 360, 5000)
HOUR = 3600 * 360


def main() -> None:
    """Train, export, measure, print; with --json the latencies alone."""
    parser = common.options(__doc__)
    parser.add_argument("--data", default="default", help="folder of WFDB records, or a source")
    parser.add_argument("--hours", type=float, default=24.0, help="length of the long stream")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between readings")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = _classifier(Path(folder), options.toy)
        more, reader, recordings = _heart(Path(folder), options.data, options.toy)
        common.finish([*rows, *more], options.json)
        if options.json:
            return
        signal = np.resize(np.concatenate([r.signal[:, 0] for r in recordings]), HOUR // 2)
        _pin()
        _pieces(reader, signal, options.every)
        _windows(reader, signal, options.every)
        _day(reader, signal, options)


def _classifier(folder: Path, toy: bool) -> list[common.Row]:
    nodules = datasets.load_ct("default")
    x = preprocess.prepare(nodules)
    split = splits.by_patient(nodules.labels, nodules.patients, nodules.split)
    model = ct_models.nodule_cnn(x.shape[1:])
    ct_models.fit(model, x, nodules.labels, split, epochs=1 if toy else 8, verbose=False)
    typical, test = x[split.train[:100]], x[split.test]
    truth, who = nodules.labels[split.test], nodules.patients[split.test]
    whole = export.to_onnx(model, folder / "cnn.onnx")
    files = {
        "ONNX float32": whole,
        "ONNX int8, static": export.to_onnx_int8(model, whole, folder / "cnn8.onnx", typical),
        "LiteRT float32": export.to_litert(model, folder / "cnn.tflite"),
        "LiteRT int8": export.to_litert(model, folder / "cnn8.tflite", typical),
    }
    wanted = model.predict(test, verbose=0)

    def lost(said: np.ndarray) -> Any:
        return metrics.paired_difference(
            metrics.area_under_roc, truth, wanted[:, 1], said[:, 1], who
        )

    return _latencies("CNN of lesson 08", model, files, test, wanted, ("AUC lost", lost), toy)


def _heart(
    folder: Path, source: str, toy: bool
) -> tuple[list[common.Row], stream.WindowReader, list[Any]]:
    data = datasets.load_ecg(source)
    windows = segments.cut(data.recordings)
    split = splits.by_patient(windows.rate, windows.subject, data.split, unit="subject")
    scales = segments.normaliser(windows, split.train)
    model = models.rate_lstm()
    training.fit(model, windows, split, scales, steps=25 if toy else 250, verbose=False)
    test, truth = windows[split.test], windows.rate[split.test]
    ready = scales.signal(test.signal[:, :, 0])[:, :, None]

    def bpm(said: dict[str, np.ndarray]) -> np.ndarray:
        rate = maps.rate_from_map(said["beats"])
        return np.where(np.isnan(rate), scales.rate_mean, rate)

    whole = export.to_onnx(model, folder / "lstm.onnx")
    files = {
        "ONNX float32": whole,
        "ONNX int8, dynamic": export.to_onnx_int8(model, whole, folder / "lstm8.onnx"),
        "LiteRT float32": export.to_litert(model, folder / "lstm.tflite"),
    }
    wanted = model.predict(ready, verbose=0)

    def gained(said: dict[str, np.ndarray]) -> Any:
        return metrics.paired_difference(_mae, truth, bpm(said), bpm(wanted), test.subject)

    rows = _latencies(
        "LSTM of lesson 15", model, files, ready, wanted, ("bpm of MAE gained", gained), toy
    )
    held = models.read(model, windows[split.validation], scales)
    margin = maps.calibrate(
        held.rate - windows.rate[split.validation], held.spread, windows.subject[split.validation]
    )
    widest = quality.limit(held.spread, 0.98)
    reader = stream.WindowReader(export.Session(whole), scales, margin, widest)
    return rows, reader, [r for r in data.recordings if r.subject in set(test.subject)]


def _latencies(
    network: str,
    model: Any,
    files: dict[str, Path],
    test: np.ndarray,
    wanted: Any,
    price: tuple[str, Callable[[Any], Any]],
    toy: bool,
) -> list[common.Row]:
    """Ask Keras and every export for one input, in turns; the ratio is to a compiled function."""
    import tensorflow as tf

    graph, one = tf.function(model), test[:1]
    runs = {name: export.Session(path) for name, path in files.items()}
    ways: dict[str, Callable[[], Any]] = {
        "tf.function": lambda: graph(one),
        "model(x)": lambda: model(one),
        "model.predict": lambda: model.predict(one, verbose=0),
        **{name: lambda run=run: run(one) for name, run in runs.items()},
    }
    took = common.take_turns(ways, 0.1 if toy else 2.0)
    base = float(np.median(took["tf.function"]))
    rows = []
    for name, times in took.items():
        ms = float(np.median(times))
        row = {"network": network, "way": name, "kb": None, "ms": ms}
        row |= {"p99": float(np.percentile(times, 99)), "ratio": base / ms}
        row |= {"gap": None, "price": None}
        if name in runs:
            said = runs[name](test)
            row |= {"kb": runs[name].bytes / 1000, "gap": export.gap(wanted, said)}
            row["price"] = f"{price[1](said)} {price[0]}"
        rows.append(row)
    return rows


def _mae(truth: np.ndarray, said: np.ndarray) -> float:
    return float(np.mean(np.abs(said - truth)))


def _pin() -> None:
    """Stay on one core, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _pieces(reader: stream.WindowReader, signal: np.ndarray, every: float) -> None:
    """Feed half an hour in pieces of several sizes."""
    seconds = len(signal) / 360
    print(f"\nStream of {seconds / 60:.0f} minutes, a reading every {every:g} s")
    first = _rows(stream.watch([signal], reader, every=every))
    for size in SIZES:
        wall, cpu = time.perf_counter(), time.process_time()
        rows = _rows(stream.watch(stream.chunks(signal, size), reader, every=every))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        same = np.array_equal(first, rows, equal_nan=True)
        print(
            f"  pieces of {size:5}: {len(rows)} readings, the same: {same}; {seconds / wall:6.0f} "
            f"times faster than life ({seconds / cpu:.0f} by processor time)"
        )


def _windows(reader: stream.WindowReader, signal: np.ndarray, every: float) -> None:
    """Time each new window."""
    monitor, wall, cpu = stream.Monitor(reader, every=every), [], []
    for piece in stream.chunks(signal, monitor.hop):
        begin, began = time.perf_counter(), time.thread_time()
        monitor.feed(piece)
        cpu.append(time.thread_time() - began)
        wall.append(time.perf_counter() - begin)
    for name, times in (("wall clock", wall), ("processor", cpu)):
        ms = 1e3 * np.array(times[6:])
        print(
            f"  a new window, {name:10}: median {np.median(ms):.3f} ms, p99 "
            f"{np.percentile(ms, 99):.3f} ms, slowest {ms.max():.3f} ms"
        )


def _day(reader: stream.WindowReader, signal: np.ndarray, options: argparse.Namespace) -> None:
    """Feed many hours, and watch the memory."""
    process, monitor = psutil.Process(), stream.Monitor(reader, every=options.every)
    readings, laps = 0, max(1, round(options.hours * HOUR / len(signal)))
    tracemalloc.start()
    begin = time.perf_counter()
    marks = []
    for lap in range(laps):
        for piece in stream.chunks(signal, 360):
            readings += len(monitor.feed(piece))
        if lap in {0, laps // 2, laps - 1}:
            hours = (lap + 1) * len(signal) / HOUR
            marks.append((hours, tracemalloc.get_traced_memory()[0], process.memory_info().rss))
    took = time.perf_counter() - begin
    tracemalloc.stop()
    print(f"\n{laps * len(signal) / HOUR:.1f} simulated hours, {readings} readings, {took:.0f} s")
    for hours, traced, resident in marks:
        print(f"  after {hours:5.1f} h: Python holds {traced / 1e3:.0f} KB more than before, "
              f"the process {resident / 1e6:.1f} MB")  # fmt: skip


def _rows(readings: Iterable[stream.Reading]) -> np.ndarray:
    return np.array([reading[:5] for reading in readings])


if __name__ == "__main__":
    main()
