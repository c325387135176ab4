import numpy as np
import pytest

from medtutor.ecg import beats, hrv, segments
from medtutor.types import Recording

FS = 360


def recording(rr, symbols=None, seconds=None):
    """Beats at these intervals, in samples, on an empty signal."""
    places = 100 + np.cumsum(np.asarray(rr))
    samples = FS * seconds if seconds else int(places[-1]) + 200
    signal = np.random.default_rng(0).normal(size=(samples, 1)).astype(np.float32)
    codes = np.full(len(places), "N") if symbols is None else np.array(list(symbols))
    return Recording("r", "p", signal, ("MLII",), FS, places, codes)


def test_the_definitions_of_the_task_force():
    rr = np.array([800.0, 810, 790, 870, 860])  # milliseconds
    (sdnn,), (rmssd,), (pnn50,), (count,) = hrv.of_beats(np.cumsum(np.r_[0, rr])[None], 1000.0)
    step = np.diff(rr)
    assert sdnn == pytest.approx(rr.std(ddof=1))
    assert rmssd == pytest.approx(np.sqrt((step**2).mean()))
    assert pnn50 == pytest.approx(100 * 1 / 4)
    assert count == 5


def test_an_ectopic_beat_spoils_both_its_intervals_and_no_others():
    places = np.array([0, 300, 600, 760, 1200, 1500, 1810, 2100, 2400.0])
    normal = np.array([True, True, True, False, True, True, True, True, True])
    got = hrv.of_beats(places[None], 1000.0, normal[None])
    nn = [300, 300, 300, 310, 290, 300]
    assert got.intervals[0] == 6
    assert got.sdnn[0] == pytest.approx(np.std(nn, ddof=1))
    # Across the gap nothing is compared: one pair before it, three after.
    assert got.rmssd[0] == pytest.approx(np.sqrt(np.mean(np.array([0, 10, -20, 10]) ** 2)))


def test_without_labels_the_rule_leaves_out_what_looks_ectopic():
    rr = np.array([300, 302, 299, 150, 450, 301, 298, 303, 300])
    places = np.cumsum(np.r_[0, rr])[None]
    normal = np.ones(10, bool)
    normal[4] = False
    by_rule, by_label = (hrv.of_beats(places, FS, n) for n in (None, normal[None]))
    np.testing.assert_allclose(by_rule.sdnn, by_label.sdnn)
    np.testing.assert_allclose(by_rule.rmssd, by_label.rmssd)


def test_too_few_intervals_give_no_value():
    got = hrv.of_beats(np.array([[0, 300, 600, np.nan], [np.nan] * 4]), FS)
    assert np.isnan([got.sdnn, got.rmssd, got.pnn50]).all()
    assert got.intervals.tolist() == [2, 0]
    assert np.isnan(hrv.of_beats(np.zeros((1, 1)), FS).sdnn).all()


def test_labels_come_from_the_recording():
    rr = np.full(60, 300)
    made = recording(rr, "N" * 7 + "V" + "N" * 52)
    windows = segments.cut(made)
    normal = hrv.normal_beats([made], windows)
    assert normal.shape == windows.beats.shape
    there = np.isfinite(windows.beats)
    assert (~normal & there).sum() == 1
    row, column = np.argwhere(~normal & there)[0]
    assert windows.start[row] + windows.beats[row, column] == made.beats[7]
    assert not normal[~there].any()


def test_the_long_stretch_lies_around_its_window():
    rng = np.random.default_rng(0)
    calm, wild = rng.normal(300, 2, 500), rng.normal(300, 25, 500)
    made = recording(np.r_[calm, wild].astype(int))
    windows = segments.cut(made)
    long = hrv.around([made], windows, seconds=100)
    assert long.sdnn[0] < 8
    assert long.sdnn[-1] > 50
    assert long.sdnn[0] < long.sdnn[len(windows) // 2] < long.sdnn[-1]
    assert np.isnan(hrv.around([made], windows, seconds=10_000).sdnn).all()


def test_beats_are_moved_onto_their_peaks():
    time = np.arange(2000)
    truth = np.array([200.3, 700.0, 1300.6, 1800.2])
    up = sum(np.exp(-0.5 * ((time - at) / 5) ** 2) for at in truth)
    off = truth + np.array([8, -9, 3, 0])
    got = beats.to_peaks([off, off[:2], np.empty(0)], np.stack([up, -up, up]), FS)
    np.testing.assert_allclose(got[0], truth, atol=0.05)
    np.testing.assert_allclose(got[1], [*truth[:2], np.nan, np.nan], atol=0.05)
    assert np.isnan(got[2]).all()
