import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtutor.ecg import beats, segments
from medtutor.errors import DataError
from medtutor.types import Recording

FS = 360


def train_of_spikes(places, samples):
    """Narrow bumps: the plainest ECG there is."""
    time = np.arange(samples)
    return sum(np.exp(-(((time - place) / 6) ** 2)) for place in places)


@pytest.mark.parametrize("bpm", [40, 60, 72, 150, 220])
def test_rate_of_a_clock(bpm):
    places = np.arange(0, 3600, 60 * FS / bpm)
    assert beats.rate(places, FS, 0, 3600) == pytest.approx(bpm)


def test_rate_takes_only_the_intervals_that_lie_inside():
    places = np.array([0, 100, 460, 820, 5000])
    assert beats.rate(places, FS, 50, 1000) == pytest.approx(60)
    assert beats.rate(places, FS, 100, 821) == pytest.approx(60)
    assert beats.rate(places, FS, 100, 820) == pytest.approx(60)  # the end is not part of it
    assert np.isnan(beats.rate(places, FS, 101, 820))


def test_one_beat_makes_no_rate():
    assert np.isnan(beats.rate(np.array([10]), FS, 0, 2000))
    assert np.isnan(beats.rate(np.array([], dtype=int), FS, 0, 2000))


@given(
    st.lists(st.integers(0, 5000), min_size=0, max_size=40, unique=True),
    st.lists(st.integers(0, 4000), min_size=1, max_size=5),
)
def test_rates_are_the_mean_rr_interval_of_each_stretch(places, starts):
    places = np.sort(np.array(places, dtype=int))
    got = beats.rates(places, FS, np.array(starts), 1000)
    for start, value in zip(starts, got, strict=True):
        inside = places[(places >= start) & (places < start + 1000)]
        if len(inside) < 2:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(60 / (np.diff(inside) / FS).mean())


def test_detector_finds_spikes():
    places = np.arange(200, 20_000, 300)
    found = beats.detect(train_of_spikes(places, 20_000), FS)
    assert len(found) == len(places)
    assert np.abs(found - places).max() < 10


def test_detector_says_what_it_cannot_read():
    with pytest.raises(DataError, match="one lead"):
        beats.detect(np.zeros((100, 2)), FS)
    with pytest.raises(DataError, match="NaN"):
        beats.detect(np.array([0.0, np.nan, 1.0]), FS)
    assert len(beats.detect(np.ones(4000), FS)) == 0


def test_detector_rate_is_in_the_order_of_the_windows():
    places = np.cumsum(np.concatenate([np.full(20, 360), np.full(53, 240)]))
    signal = train_of_spikes(places, 20_000)[:, None]
    signal += np.random.default_rng(0).normal(0, 0.01, signal.shape)
    signal[9000:9020] = np.nan
    recording = Recording(
        "a", "p", signal.astype(np.float32), ("MLII",), FS, places, np.full(len(places), "N")
    )
    windows = segments.cut(recording)
    assert windows.left_out == {"missing samples": 1}
    got = beats.detector_rate(recording, windows)
    np.testing.assert_allclose(got, windows.rate, atol=2)


def test_codes_and_classes_agree():
    assert sorted(code for codes in beats.AAMI.values() for code in codes) == sorted(
        beats.BEAT_CODES
    )
