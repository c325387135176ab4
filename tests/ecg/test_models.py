from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

from medtutor import splits
from medtutor.ecg import beats, maps, segments
from medtutor.errors import DataError
from medtutor.types import Recording

keras = pytest.importorskip("keras")
from medtutor.ecg import models, training  # noqa: E402

FS = 360


def person(number, seconds=60):
    """A plain heart: one bump a beat, its own rate, and noise."""
    rng = np.random.default_rng(number)
    rr = rng.uniform(180, 420)
    places = np.cumsum(rr * rng.uniform(0.97, 1.03, 400)).astype(int)
    samples = seconds * FS
    places = places[places < samples - 10]
    signal = rng.normal(0, 0.02, (samples, 2))
    for shift in range(-8, 9):
        signal[places + shift] += np.exp(-((shift / 5) ** 2)) * np.array([1, -0.5])
    return Recording(
        f"r{number}",
        f"p{number}",
        signal.astype(np.float32),
        ("MLII", "V1"),
        FS,
        places,
        np.full(len(places), "N"),
    )


@pytest.fixture(autouse=True)
def little_noise(monkeypatch):
    """Draw two minutes of noise instead of thirty, but for `trained`, which must learn from it."""
    monkeypatch.setattr(training, "noise_bank", partial(training.noise_bank, minutes=2))


@pytest.fixture(scope="module")
def hearts():
    windows = segments.cut([person(number) for number in range(24)])
    return windows, splits.by_patient(windows.rate, windows.subject, unit="subject")


@pytest.fixture(scope="module")
def trained(hearts):
    """Train with a test part that would show in every loss if it were touched."""
    windows, split = hearts
    poisoned = windows[np.arange(len(windows))]
    poisoned.signal[split.test] = np.nan
    poisoned.rate[split.test] = np.nan
    model = models.rate_lstm()
    normaliser = segments.normaliser(poisoned, split.train)
    history = training.fit(
        model, poisoned, split, normaliser, steps=150, batch_size=32, verbose=False
    )
    return model, normaliser, history


class Parts(NamedTuple):
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


# ------------------------------------------------------------------------------ models


def test_rate_lstm_is_small_and_says_where_and_how_fast():
    model = models.rate_lstm()
    assert model.count_params() < 25_000
    out = model(np.zeros((3, 2000, 1), np.float32))
    assert {name: tuple(v.shape) for name, v in out.items()} == {
        "beats": (3, 250),
        "rate": (3, 1),
        "change": (3, 1),
    }


def test_rate_lstm_starts_the_same_from_the_same_seed():
    a, b, c = (models.rate_lstm(seed=s).get_weights()[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0


def test_rate_lstm_refuses_a_length_that_does_not_divide():
    with pytest.raises(DataError, match="Cut windows of 2000 samples"):
        models.rate_lstm(length=1999)


# --------------------------------------------------------------------------- the beat map


def test_beats_are_found_where_they_were_drawn():
    rng = np.random.default_rng(0)
    rows = np.full((20, 14), np.nan)
    for row in rows:
        places = np.cumsum(rng.uniform(130, 400, 14))
        places = places[places < 1990]
        row[: len(places)] = places
    found = maps.find_beats(segments.beat_map(rows))
    for row, places in zip(rows, found, strict=True):
        np.testing.assert_allclose(places, row[np.isfinite(row)], atol=0.1)


def test_rate_from_map_is_the_rate_of_the_beats(hearts):
    windows, _ = hearts
    got = maps.rate_from_map(segments.beat_map(windows.beats))
    np.testing.assert_allclose(got, windows.rate, atol=0.2)


def test_a_smeared_beat_counts_once_and_an_empty_map_has_no_rate():
    smeared = np.zeros((1, 250))
    smeared[0, 50:55] = 0.2
    smeared[0, 150:155] = 0.2
    (places,) = maps.find_beats(smeared)
    np.testing.assert_allclose(places, [52.5 * 8, 152.5 * 8])
    assert np.isnan(maps.rate_from_map(np.zeros((1, 250)))).all()


# ------------------------------------------------------------------------------ training


def test_fit_learns_unseen_hearts(hearts, trained):
    windows, split = hearts
    model, normaliser, history = trained
    test = windows[split.test]
    rate, change = models.predict(model, test, normaliser)
    mean_error = np.abs(test.rate - windows.rate[split.train].mean()).mean()
    assert np.abs(rate - test.rate).mean() < 0.2 * mean_error
    assert rate.shape == change.shape == (len(test),)
    assert len(history["loss"]) == len(history["val_loss"]) == 3
    assert history["loss"][-1] < 0.6 * history["loss"][0]


def test_predict_reads_plain_arrays_too(hearts, trained):
    windows, _ = hearts
    model, normaliser, _ = trained
    some = windows[np.arange(5)]
    for a, b in zip(
        models.predict(model, some, normaliser),
        models.predict(model, some.signal[:, :, 0], normaliser),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def test_one_lead_is_read_as_ever_and_two_are_joined(hearts, trained):
    windows, split = hearts
    model, normaliser, _ = trained
    test = windows[split.test]
    first, both = (models.read(model, test, normaliser, leads=n) for n in (1, 2))
    other = models.read(model, test.signal[:, :, 1], normaliser)
    np.testing.assert_array_equal(first.beats, models.read(model, test, normaliser).beats)
    assert (both.beats <= np.maximum(first.beats, other.beats) + 1e-3).all()
    assert (both.beats >= np.minimum(first.beats, other.beats) - 1e-3).all()
    assert np.abs(both.rate - test.rate).mean() < 1.5
    assert both.spread.shape == (len(test),)


def test_a_lead_that_is_lost_has_no_say(hearts, trained):
    windows, _ = hearts
    model, normaliser, _ = trained
    signal = windows.signal[:4].copy()
    alone = models.read(model, signal[:, :, 0], normaliser)
    signal[:, 100:300, 1] = np.nan
    both = models.read(model, signal, normaliser, leads=2)
    np.testing.assert_allclose(both.beats, np.clip(alone.beats, 1e-4, 1 - 1e-4), atol=1e-5)
    np.testing.assert_allclose(both.direct, alone.direct, rtol=1e-6)
    noise = np.random.default_rng(0).normal(0, 1, signal.shape[:2])
    signal[:, :, 1] = noise
    noisy = models.read(model, signal, normaliser, leads=2)
    assert np.abs(noisy.rate - windows.rate[:4]).max() < 3


def test_a_lead_that_contradicts_the_first_in_most_windows_has_no_say():
    record = np.repeat(["a", "b"], 5)
    first = [np.arange(100, 2000, 300.0)] * 10
    rarely, mostly = first[0][:2], first[0][:6]
    other = [rarely] * 4 + [first[0]] + [mostly] * 5
    sure = np.ones((2, 10), bool)
    got = models._contradict([first, other], record, FS, sure)
    np.testing.assert_array_equal(got, [record == "a"])
    sure[1, :4] = False  # where a lead is not sure nothing is compared
    assert not models._contradict([first, other], record, FS, sure).any()


def test_the_spread_knows_noise(hearts, trained):
    windows, split = hearts
    model, normaliser, _ = trained
    clean = windows.signal[split.test][:, :, 0]
    noisy = clean + np.random.default_rng(0).normal(0, 0.5, clean.shape)
    quiet, loud = (models.read(model, x, normaliser).spread for x in (clean, noisy))
    assert np.median(loud) > 1.2 * np.median(quiet)


def test_predict_falls_back_on_the_direct_rate(trained):
    model, normaliser, _ = trained
    said = models.read(model, np.zeros((1, 2000)), normaliser)
    said = said._replace(from_map=np.array([np.nan]))
    rate, _ = models.predict(model, np.zeros((1, 2000)), normaliser)
    assert np.isfinite(rate).all()


def test_the_test_part_is_never_touched(trained):
    _, _, history = trained
    assert np.isfinite(history["loss"] + history["val_loss"]).all()


def test_fit_works_without_a_validation_part_and_the_same_from_the_same_seed(hearts, capsys):
    windows, split = hearts
    parts = Parts(split.train, np.empty(0, int), split.test)

    def learned(seed):
        model = models.rate_lstm()
        history = training.fit(model, windows, parts, steps=2, batch_size=16, seed=seed)
        # The same line on every machine, so that a lesson's stored output stays true.
        said = f"training on {len(split.train)} windows, 2 steps at most\n"
        assert capsys.readouterr().out == said
        assert set(history) >= {"loss", "beats_loss", "rate_loss", "change_loss"}
        assert "val_loss" not in history
        return model.get_weights()

    first, again, other = learned(3), learned(3), learned(4)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(np.abs(a - c).max() > 0 for a, c in zip(first, other, strict=True))


def test_fit_says_what_is_wrong(hearts):
    windows, split = hearts
    nobody = Parts(np.empty(0, int), split.validation, split.test)
    with pytest.raises(DataError, match="training part is empty"):
        training.fit(models.rate_lstm(), windows, nobody)
    with pytest.raises(DataError, match="length="):
        training.fit(models.rate_lstm(length=1000), windows, split)


# ---------------------------------------------------------------------------- augmentation


def test_batches_keep_labels_true(hearts):
    windows, _ = hearts
    normaliser = segments.normaliser(windows, np.arange(len(windows)))
    generator = training.batches(windows, normaliser, 64, np.random.default_rng(0))
    for _ in range(3):
        x, target, weight = next(generator)
        assert x.shape == (64, 2000, 1)
        assert np.isfinite(x).all()
        bpm = normaliser.bpm(np.concatenate([target["rate"], target["change"]], axis=1))
        np.testing.assert_allclose(maps.rate_from_map(target["beats"]), bpm[:, 0], atol=1.0)
        # Beats are where the map says: the wave is tall there, in the first lead and the other.
        heights = [
            np.abs(row[places.astype(int).clip(0, 1999)]).mean() / np.abs(row).mean()
            for row, places in zip(x[..., 0], maps.find_beats(target["beats"]), strict=True)
        ]
        assert np.median(heights) > 3
        assert set(np.unique(weight["change"])) == {0, 1}


def test_batches_cover_rates_that_nobody_has(hearts):
    windows, _ = hearts
    normaliser = segments.normaliser(windows, np.arange(len(windows)))
    generator = training.batches(windows, normaliser, 256, np.random.default_rng(0))
    bpm = normaliser.bpm(np.repeat(next(generator)[1]["rate"], 2, axis=1))[:, 0]
    assert bpm.min() < 0.9 * windows.rate.min()
    assert bpm.max() > 1.1 * windows.rate.max()


def test_each_window_comes_once_a_round():
    deal = training._rounds(10, 4, np.random.default_rng(0))
    drawn = np.concatenate([next(deal) for _ in range(5)])
    np.testing.assert_array_equal(np.bincount(drawn), np.full(10, 2))


def test_strong_noise_comes_to_a_share_of_the_windows():
    rng = np.random.default_rng(0)
    bank = training.noise_bank(FS, rng, minutes=2)
    assert bank.shape == (len(training.STRONGEST), 2 * 60 * FS)
    clean = np.zeros((400, 2000), np.float32)
    clean[:, ::300] = 2.0  # a beat is 2 high
    added = training.disturb(clean, FS, bank, rng, share=0.6) - clean
    size = added.std(axis=1)
    assert np.mean(size > 0) == pytest.approx(0.6, abs=0.08)
    assert 0.5 < np.quantile(size, 0.95) < 2 * max(training.STRONGEST.values()) * 2
    assert np.isfinite(added).all()


def test_a_broken_second_lead_is_replaced(hearts):
    windows, _ = hearts
    some = windows[np.arange(4)]
    some.signal[1, 50, 1] = np.nan
    some.signal[2, :, 1] = 0.7
    leads = training.filtered_leads(some)
    np.testing.assert_array_equal(leads[0, 1:3], leads[1, 1:3])
    assert np.abs(leads[0, 0] - leads[1, 0]).max() > 0.1


def test_resample_at_speed_one_is_the_tape():
    tape = np.random.default_rng(0).normal(size=(3, 100)).astype(np.float32)
    got = training.stretch(tape, np.array([0.0, 5, 50]), np.ones(3), 50)
    for row, start, out in zip(tape, (0, 5, 50), got, strict=True):
        np.testing.assert_allclose(out, row[start : start + 50], atol=1e-6)


def test_resample_reads_between_the_samples():
    tape = np.arange(100, dtype=np.float32)[None].repeat(2, axis=0)
    got = training.stretch(tape, np.array([0.5, 10.0]), np.array([1.5, 0.5]), 40)
    np.testing.assert_allclose(got[0], 0.5 + 1.5 * np.arange(40), atol=1e-4)
    np.testing.assert_allclose(got[1], 10 + 0.5 * np.arange(40), atol=1e-4)


def test_following_needs_the_same_recording_and_no_gap(hearts):
    windows, _ = hearts
    some = windows[np.array([0, 1, 3, 10, 11])]
    next_of = training.following(some)
    for number, follower in enumerate(next_of):
        if follower >= 0:
            assert some.record[follower] == some.record[number]
            assert some.start[follower] == some.start[number] + 2000
    assert list(next_of[:3]) == [1, -1, -1]


def test_rate_of_agrees_with_the_labels(hearts):
    windows, _ = hearts
    np.testing.assert_allclose(beats.rate_of(windows.beats, FS), windows.rate, rtol=1e-5)
    assert np.isnan(beats.rate_of(np.array([[np.nan, np.nan], [5, np.nan]]), FS)).all()
