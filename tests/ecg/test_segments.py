from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtutor.ecg import io, segments
from medtutor.errors import DataError
from medtutor.types import Recording

FS = 360


def recording(samples=20_000, rr=300, leads=1, name="r", subject="p", seed=0):
    rng = np.random.default_rng(seed)
    places = np.arange(100, samples, rr)
    signal = rng.normal(0, 0.05, (samples, leads)).astype(np.float32)
    signal[places] += 1
    names = tuple(f"L{k}" for k in range(leads))
    return Recording(name, subject, signal, names, FS, places, np.full(len(places), "N"))


def test_windows_are_pieces_of_the_recording():
    r = recording(leads=2)
    w = segments.cut(r)
    assert w.signal.shape == (10, 2000, 2)
    np.testing.assert_array_equal(w.signal[3], r.signal[6000:8000])
    np.testing.assert_allclose(w.rate, 72)
    np.testing.assert_allclose(w.change[:-1], 0, atol=1e-9)
    assert np.isnan(w.change[-1])
    assert set(w.subject) == {"p"}
    assert w.left_out == {}


def test_beats_are_counted_from_the_start_of_the_window():
    r = recording()
    w = segments.cut(r, step=700)
    for start, row in zip(w.start, w.beats, strict=True):
        inside = r.beats[(r.beats >= start) & (r.beats < start + 2000)] - start
        np.testing.assert_array_equal(row[np.isfinite(row)], inside)


def test_change_is_to_the_window_that_follows_without_a_gap():
    places = np.concatenate([np.arange(0, 4000, 400), np.arange(4000, 8000, 200)])
    r = replace(recording(8000), beats=places)
    w = segments.cut(r, step=1000)
    np.testing.assert_array_equal(w.start, np.arange(0, 6001, 1000))
    assert w.change[0] == pytest.approx(0)
    assert w.change[2] == pytest.approx(108 - 54)
    # 7,000 samples are in the recording after the start at 1,000, so all but two are labelled.
    np.testing.assert_array_equal(np.isnan(w.change), [0, 0, 0, 0, 0, 1, 1])


def test_change_looks_only_at_the_beats_of_the_next_window():
    r = recording()
    r.signal[2500, 0] = np.nan
    w = segments.cut(r)
    np.testing.assert_array_equal(w.start[:2], [0, 4000])
    assert w.change[0] == pytest.approx(0)


def test_windows_that_cannot_be_used_are_counted_by_reason():
    r = recording()
    r.signal[100, 0] = np.nan
    r.signal[4000 : 4000 + FS] = 0.3  # a lost electrode: one second
    r.signal[8000 : 8000 + FS // 3] = 0.3  # a short clip is no reason
    r = replace(r, beats=r.beats[(r.beats < 12_000) | (r.beats > 13_800)])
    w = segments.cut(r)
    assert w.left_out == {
        "missing samples": 1,
        "a flat line": 1,
        "fewer than two beats": 1,
    }
    np.testing.assert_array_equal(w.start, [2000, 6000, 8000, 10_000, 14_000, 16_000, 18_000])
    assert "7 windows" in repr(w)
    assert "1 with a flat line" in repr(w)


def test_a_missing_second_lead_does_not_matter():
    r = recording(leads=2)
    r.signal[:, 1] = np.nan
    assert len(segments.cut(r)) == 10


def test_several_recordings():
    w = segments.cut([recording(leads=2), recording(rr=250, name="s", subject="q")])
    assert w.signal.shape == (20, 2000, 1)
    assert list(np.unique(w.record)) == ["r", "s"]
    assert len(w[w.subject == "q"]) == 10
    assert w[w.subject == "q"].rate.mean() == pytest.approx(86.4)


def test_nothing_to_cut():
    with pytest.raises(DataError, match="longer than one window"):
        segments.cut(recording(1500))
    with pytest.raises(DataError, match="10 with fewer than two beats"):
        segments.cut(replace(recording(), beats=np.array([50])))
    with pytest.raises(DataError, match="sampling rates differ"):
        segments.cut([recording(), replace(recording(), fs=250)])


@given(st.lists(st.floats(0, 1999.9), min_size=0, max_size=12))
def test_beat_map_counts_the_beats_and_keeps_their_place(places):
    places = np.sort(np.array(places))
    places = places[np.concatenate([[True], np.diff(places) > 40])] if len(places) else places
    row = np.full((1, 12), np.nan)
    row[0, : len(places)] = places
    drawn = segments.beat_map(row)
    assert drawn.shape == (1, 250)
    assert drawn.min() >= 0
    assert drawn.max() <= 1 + 1e-6
    inner = (places > 4) & (places < 1996)  # at the very ends half a bin has nowhere to go
    assert inner.sum() - 1e-4 <= drawn.sum() <= len(places) + 1e-4
    for place in places[inner]:
        bins = slice(max(0, int(place / 8 - 0.5)), int(place / 8 - 0.5) + 2)
        centre = (np.arange(250)[bins] + 0.5) * 8
        assert (drawn[0, bins] * centre).sum() / drawn[0, bins].sum() == pytest.approx(
            place, abs=0.1
        )


def test_band_pass_keeps_the_qrs_and_drops_the_rest():
    time = np.arange(4000) / FS

    def kept(hertz):
        wave = np.sin(2 * np.pi * hertz * time)
        return segments.band_pass(wave[None], FS)[0, 1000:3000].std() / wave.std()

    assert kept(10) == pytest.approx(1, abs=0.05)
    assert kept(0.2) < 0.05
    assert kept(60) < 0.15


def test_normaliser_is_fitted_on_the_indices_alone():
    w = segments.cut([recording(), recording(rr=200, name="s", subject="q")])
    train = np.flatnonzero(w.subject == "p")
    before = segments.normaliser(w, train)
    w.signal[w.subject == "q"] *= 100
    w.rate[w.subject == "q"] = 1e6
    assert segments.normaliser(w, train) == before
    assert before.rate_mean == pytest.approx(72)


def test_target_and_back():
    n = segments.Normaliser(FS, 80.0, 15.0, 6.0, 0.1)
    rate, change = np.array([60.0, 80.0, 140.0]), np.array([-3.0, 0.0, 9.0])
    np.testing.assert_allclose(n.bpm(n.target(rate, change)), np.stack([rate, change], axis=1))


@pytest.mark.parametrize("gain", [0.5, 1, 20])
def test_prepared_windows_do_not_depend_on_gain_or_offset(gain):
    w = segments.cut(recording())
    n = segments.normaliser(w, np.arange(len(w)))
    plain = n.signal(w.signal[:, :, 0])
    np.testing.assert_allclose(n.signal(gain * w.signal[:, :, 0] + 3), plain, atol=0.02)
    assert np.median(np.abs(plain).max(axis=1)) == pytest.approx(1, abs=0.3)


def test_an_artefact_does_not_shrink_the_beats():
    r = recording()
    r.signal[r.beats - 1] += 0.5
    r.signal[r.beats + 1] += 0.5
    w = segments.cut(r)
    n = segments.normaliser(w, np.arange(len(w)))
    hit = w.signal[:, :, 0].copy()
    hit[:, 1000:1015] += 8
    clean, dirty = n.signal(w.signal[:, :, 0]), n.signal(hit)
    tall = clean[:, :700].max(axis=1)
    np.testing.assert_allclose(dirty[:, :700].max(axis=1), tall, rtol=0.3)
    assert np.abs(dirty).max() == 5


def test_an_empty_window_stays_small():
    w = segments.cut(recording())
    n = segments.normaliser(w, np.arange(len(w)))
    silence = np.random.default_rng(0).normal(0, 1e-4, (1, 2000))
    assert np.abs(n.signal(silence)).max() < 0.05


def test_real_records(real_ecg):
    found = [io.read_record(real_ecg / name) for name in ("101", "114", "203")]
    w = segments.cut(found)
    assert len(w) == 975
    assert 95 < w.rate[w.record == "203"].mean() < 105
    assert 60 < w.rate[w.record == "101"].mean() < 64
    assert np.isnan(w.change).sum() == 3
