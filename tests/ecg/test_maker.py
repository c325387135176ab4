"""The simulated ECG: rhythms, waves, noise, and what a recording says about itself."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor import datasets, paths
from medtutor.ecg import io, noise
from medtutor.errors import DataError

FS = 360
maker = paths.load(paths.data() / "make" / "ecg_simulated.py")
SEEDS = st.integers(0, 10_000)


def recorded(*arguments, **named):
    """The recording alone, without its rhythm."""
    return maker.recording(*arguments, **named)[0]


def to_extremum(signal, beats):
    """Samples from each beat to the nearest place where the signal turns."""
    slope = np.sign(np.diff(signal))
    slope[slope == 0] = 1
    turns = np.flatnonzero(slope[1:] != slope[:-1]) + 1
    return np.abs(beats[:, None] - turns).min(axis=1)


# ------------------------------------------------------------------------------ rhythm


@pytest.mark.parametrize("rate", [40, 72, 150])
def test_rr_series_has_the_rate_that_was_asked_for(rate):
    rr = maker.rr_series(rate, minutes=10, seed=1)
    assert 60 / rr.mean() == pytest.approx(rate, rel=0.03)
    assert 600 <= rr.sum() <= 620


def test_rr_series_without_variation_is_a_clock():
    rr = maker.rr_series(60, minutes=1, hf=0, lf=0, drift=0)
    np.testing.assert_allclose(rr, 1.0, rtol=1e-12)


def test_breathing_and_slow_waves_are_where_they_belong():
    rr = maker.rr_series(75, 20, respiration=0.3, hf=0.04, lf=0.03, drift=0, seed=2)
    at = np.cumsum(rr)
    even = np.interp(np.arange(0, at[-1], 0.25), at, rr)
    power = np.abs(np.fft.rfft(even - even.mean())) ** 2
    f = np.fft.rfftfreq(len(even), 0.25)
    breath, slow = power[(f > 0.15) & (f < 0.4)], power[(f > 0.04) & (f < 0.15)]
    assert f[(f > 0.15) & (f < 0.4)][breath.argmax()] == pytest.approx(0.3, abs=0.05)
    assert (breath.sum() + slow.sum()) / power.sum() > 0.9


def test_episode_raises_the_rate_for_its_time():
    quiet = dict(hf=0, lf=0, drift=0)
    rr = maker.rr_series(60, 4, episodes=((60, 120, 1.5),), **quiet)
    at = np.cumsum(rr)
    assert 60 / rr[(at > 80) & (at < 110)].mean() == pytest.approx(90, rel=0.02)
    assert 60 / rr[at > 170].mean() == pytest.approx(60, rel=0.02)


@given(SEEDS, st.floats(40, 150), st.floats(0.15, 0.3))
@settings(max_examples=40, deadline=None)
def test_fibrillation_is_irregular_and_refractory(seed, rate, spread):
    rr = maker.af_series(rate, 4, spread, seed)
    assert rr.min() >= maker.REFRACTORY
    assert rr.sum() >= 240
    assert 60 / rr.mean() == pytest.approx(rate, rel=0.15)
    assert np.std(rr) / rr.mean() > 0.1
    # No memory from beat to beat, unlike breathing.
    inner = rr - np.convolve(np.pad(rr, 10, mode="edge"), np.ones(21) / 21, "valid")
    assert abs(np.corrcoef(inner[:-1], inner[1:])[0, 1]) < 0.35


@given(st.integers(1, 10), st.floats(0.4, 0.8))
def test_ventricular_beat_is_early_and_its_pause_makes_up_for_it(beat, coupling):
    rr = np.full(14, 0.8)
    new = maker.premature(rr, beat, coupling)
    assert new[beat] == pytest.approx(coupling * 0.8)
    assert new[beat] + new[beat + 1] == pytest.approx(1.6)
    assert new.sum() == pytest.approx(rr.sum())
    assert (rr == 0.8).all()


def test_couplet_pause_is_full_too():
    new = maker.premature(np.full(14, 0.8), 5, 0.6, run=2)
    assert new[5:8].sum() == pytest.approx(2.4)
    assert new[7] > 1.2


def test_atrial_beat_resets_the_sinus_node():
    new = maker.premature(np.full(14, 0.8), 5, 0.6, ventricular=False)
    assert new[5] == pytest.approx(0.48)
    assert 0.8 < new[6] < 1.6 - 0.48  # longer than usual, shorter than compensatory
    assert new.sum() < 14 * 0.8


def test_early_beats_respect_the_refractory_time():
    new = maker.premature(np.full(9, 0.4), 4, 0.4)
    assert new.min() == maker.REFRACTORY


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_single_ectopics_in_a_series_have_their_pause(seed):
    rr = maker.rr_series(70, 4, hf=0, lf=0, drift=0)
    new, symbols, labels = maker.ectopics(rr, pvc=0.05, pac=0.02, seed=seed)
    assert len(new) == len(symbols) == len(labels) == len(rr)
    assert new.min() >= maker.REFRACTORY
    for i in np.flatnonzero(symbols == "V"):
        assert new[i] < 0.95 * rr[i]
        if symbols[i - 1] == "N" and symbols[i + 1] == "N":
            assert new[i] + new[i + 1] == pytest.approx(2 * rr[i], rel=1e-6)
    for i in np.flatnonzero(symbols == "A"):
        assert new[i] < 0.95 * rr[i]
        assert new[i + 1] < 2 * rr[i] - new[i]


def test_bigeminy_alternates():
    rr = np.full(400, 0.8)
    _, symbols, labels = maker.ectopics(rr, bigeminy=0.02, seed=3)
    inside = symbols[labels == "(B"]
    assert len(inside) > 20
    assert 0.4 < np.mean(inside == "V") < 0.6
    assert (symbols[labels == "(N"] == "N").all()


def test_pauses_last_less_than_an_escape_beat_allows():
    rr = np.full(2000, 1.2)
    new, symbols, _ = maker.ectopics(rr, pauses=0.05, seed=0)
    assert (symbols == "N").all()
    assert 1.9 < new.max() <= maker.PAUSE


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_rhythm_times_are_the_sum_of_the_intervals(seed):
    person = maker.subject(seed)
    beats = maker.rhythm(person, 1.0, seed)
    np.testing.assert_allclose(np.diff(beats.times), beats.rr[1:], atol=1e-9)
    assert beats.rr.min() >= maker.REFRACTORY
    assert beats.times[0] < 0
    assert beats.times[-1] > 58
    assert set(beats.symbols) <= {"N", "V", "A"}
    assert set(beats.labels) <= {"(N", "(AFIB", "(B", "(T", "(VT"}
    assert beats.changes[0][1] == beats.labels[0]


# ------------------------------------------------------------------------------- waves


@pytest.mark.parametrize("conduction", maker.CONDUCTION)
def test_main_deflection_is_at_the_beat(conduction):
    for seed in range(20):
        beat = maker.conducted(conduction, np.random.default_rng(seed))
        qrs = tuple(w for w in beat if w.name not in ("P", "ST", "T", "U"))
        time, signal = maker.beat(qrs, fs=1000)
        assert abs(time[np.argmax(np.abs(signal[:, 0]))]) <= 0.002


def qrs_width(beat):
    """Seconds during which the QRS waves of the first lead exceed 10 % of their height."""
    qrs = tuple(w for w in beat if w.name not in ("P", "ST", "T", "U"))
    time, signal = maker.beat(qrs, fs=1000)
    there = time[np.abs(signal[:, 0]) > 0.1 * np.abs(signal[:, 0]).max()]
    return there[-1] - there[0]


def test_wide_beats_are_wider():
    def median(draw):
        return np.median([qrs_width(draw(np.random.default_rng(seed))) for seed in range(40)])

    normal = median(lambda rng: maker.conducted("normal", rng))
    assert 0.05 < normal < 0.1
    assert median(lambda rng: maker.conducted("left block", rng)) > 0.1
    assert median(lambda rng: maker.conducted("right block", rng)) > 1.25 * normal
    assert 0.11 < median(maker.ventricular) < 0.22


def test_ventricular_t_is_opposite_and_there_is_no_p():
    for seed in range(20):
        beat = maker.ventricular(np.random.default_rng(seed))
        assert {w.name for w in beat} <= {"V1", "V2", "V3", "T"}
        area = sum(w.size[0] * (w.left + w.right) for w in beat if w.name != "T")
        assert area * beat[-1].size[0] < 0


def test_qt_follows_fridericia():
    t = maker.Wave("T", 0.3, 0.04, 0.04, (1.0,))
    for rr in (0.4, 0.8, 1.2):
        time, signal = maker.beat((t,), rr=rr)
        assert time[signal[:, 0].argmax()] == pytest.approx(0.3 * rr ** (1 / 3), abs=0.002)


def test_beats_between_samples_are_drawn_there():
    r = (maker.Wave("R", 0.0, 0.01, 0.01, (1.0,)),)
    late = maker.render(r, np.array([1.0014]), np.ones(1), 720, FS)[:, 0]
    centre = np.sum(np.arange(720) * late) / late.sum() / FS
    assert centre == pytest.approx(1.0014, abs=1e-5)


def test_rendering_is_linear_and_keeps_to_the_strip():
    r = (maker.Wave("R", 0.0, 0.01, 0.01, (1.0, -0.5)),)
    times, rr = np.array([-0.01, 0.5, 0.99]), np.ones(3)
    together = maker.render(r, times, rr, FS, FS)
    single = sum(maker.render(r, times[i : i + 1], rr[:1], FS, FS) for i in range(3))
    np.testing.assert_allclose(together, single, atol=1e-12)
    np.testing.assert_allclose(together[:, 1], -0.5 * together[:, 0])
    assert maker.render(r, np.array([]), np.array([]), 10, FS).shape == (10, 2)


# ----------------------------------------------------------------------------- signals


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_beats_lie_on_the_deflection_of_the_clean_signal(seed):
    person = maker.subject(seed)
    beats = maker.rhythm(person, 0.5, seed)
    signal = maker.clean(person, beats, 0.5, FS, seed)[:, 0]
    index = np.rint(beats.times * FS).astype(int)
    normal = index[(beats.symbols == "N") & (index > 5) & (index < len(signal) - 5)]
    # A T wave of the beat before may tilt a small broad complex by a sample, not by three.
    assert to_extremum(signal, normal).max() <= 2


def test_the_deflection_is_the_largest_one():
    """Away from other waves, nothing in the QRS is farther from the baseline than the beat."""
    for seed in range(30):
        person = replace(maker.subject(seed), rate=50.0, af=0.0, pvc=0, bigeminy=0, pac=0)
        signal = recorded(person, 0.5, noise={}, seed=seed).signal[:, 0]
        for beat in recorded(person, 0.5, noise={}, seed=seed).beats[1:-1]:
            qrs = np.abs(signal[beat - 20 : beat + 21] - signal[beat - 28])
            assert qrs[18:23].max() > 0.85 * qrs.max()


def test_number_of_beats_is_that_of_the_rhythm():
    person = maker.subject(3)
    recording = recorded(person, 2, noise={}, seed=5)
    rng = np.random.default_rng((person.seed, 5)).spawn(8)[0]
    beats = maker.rhythm(person, 2, rng)
    index = np.rint(beats.times * FS)
    np.testing.assert_array_equal(recording.beats, index[(index >= 0) & (index < 2 * 60 * FS)])
    assert np.diff(recording.beats).min() >= maker.REFRACTORY * FS - 1


def test_fibrillation_has_no_p_but_f_waves():
    sinus = replace(maker.subject(1), af=0.0, pvc=0, pac=0, bigeminy=0, pauses=0, breath_gain=0)
    sinus = replace(sinus, beat_gain=0.02)
    p = sinus.normal[0]
    assert p.name == "P"
    louder = p._replace(size=(0.3, 0.3))
    sinus = replace(sinus, normal=(louder, *sinus.normal[1:]), rate=60, f_size=0.02)
    level = {}
    for name, person in (("sinus", sinus), ("fibrillating", replace(sinus, af=1.0))):
        recording, rhythms = maker.recording(person, 4, noise={}, seed=1)
        beats = recording.beats[1:-1]
        at = beats + round(p.centre * FS)
        base = beats - round(0.06 * FS)
        level[name] = np.mean(recording.signal[at, 0] - recording.signal[base, 0])
        assert any(label == "(AFIB" for _, label in rhythms.changes) == (name == "fibrillating")
    assert level["sinus"] > 0.2
    assert abs(level["fibrillating"]) < 0.05


def test_f_waves_lie_between_4_and_9_hz():
    person = replace(maker.subject(1), af=1.0, f_rate=6.0, f_size=0.1, pvc=0)
    flat = tuple(w._replace(size=(0.0, 0.0)) for w in person.normal)
    person = replace(person, normal=flat)
    signal = maker.clean(person, maker.rhythm(person, 1), 1)[:, 0]
    power = np.abs(np.fft.rfft(signal)) ** 2
    f = np.fft.rfftfreq(len(signal), 1 / FS)
    assert power[(f >= 4) & (f <= 9)].sum() / power.sum() > 0.99
    assert signal.std() == pytest.approx(0.1, rel=0.2)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_recordings_are_sane(seed):
    person = maker.subject(seed)
    recording = recorded(person, 0.5, seed=seed)
    assert recording.signal.shape == (10800, 2)
    assert recording.signal.dtype == np.float32
    assert np.isfinite(recording.signal).all()
    assert np.abs(recording.signal).max() <= noise.RAIL
    pure = recorded(person, 0.5, noise={}, seed=seed).signal
    assert 0.15 < np.ptp(pure[:, 0]) < 9
    assert (np.diff(recording.beats) > 0).all()
    assert len(recording.beats) == len(recording.symbols)
    assert 10 <= len(recording.beats) <= 120
    assert 40 <= person.rate <= 150


def test_steps_of_the_converter():
    signal = recorded(maker.subject(2), 0.2).signal
    steps = signal / maker.STEP
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
    np.testing.assert_allclose(maker.digitise(np.array([9.0, -9.0])), [5.12, -5.12], rtol=1e-6)


def test_same_seed_same_recording_other_seed_another():
    person = maker.subject(4)
    first, again, other = (recorded(person, 0.3, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.signal, again.signal)
    np.testing.assert_array_equal(first.beats, again.beats)
    assert not np.array_equal(first.signal, other.signal)
    assert maker.subject(4) == person
    assert maker.subject(5) != person
    with pytest.raises(FrozenInstanceError):
        person.rate = 60


def test_noise_changes_neither_beats_nor_other_noise():
    person = maker.subject(4)
    quiet = recorded(person, 0.5, noise={}, seed=1)
    hum = recorded(person, 0.5, noise={"mains": 20}, seed=1)
    both = recorded(person, 0.5, noise={"mains": 20, "muscle": 15}, seed=1)
    muscle = recorded(person, 0.5, noise={"muscle": 15}, seed=1)
    np.testing.assert_array_equal(quiet.beats, both.beats)
    added = (hum.signal - quiet.signal) + (muscle.signal - quiet.signal)
    np.testing.assert_allclose(both.signal - quiet.signal, added, atol=2 * maker.STEP)


# ------------------------------------------------------------------------------- noise


@pytest.mark.parametrize("kind", noise.KINDS)
@pytest.mark.parametrize("db", [-6, 0, 12.5, 24])
@pytest.mark.parametrize("seconds", [2, 5.56, 90])
def test_requested_ratio_is_the_one_that_comes_out(kind, db, seconds):
    person = maker.subject(1)
    pure = recorded(person, seconds / 60, noise={}, seed=3).signal.astype(np.float64)
    noisy = noise.add_noise(pure, FS, kind, db, np.random.default_rng(0))
    for lead in range(2):
        added = noisy[:, lead] - pure[:, lead]
        assert noise.snr(pure[:, lead], added) == pytest.approx(db, abs=0.01)


def test_ratio_of_powers_by_hand():
    signal = np.array([1.0, -1.0, 1.0, -1.0]) + 7
    assert noise.snr(signal, 0.1 * signal) == pytest.approx(20)
    assert noise.snr(signal, np.full(4, 3.0)) == np.inf


@pytest.mark.parametrize(
    ("kind", "low", "high", "share"),
    [("wander", 0, 1, 0.99), ("muscle", 8, 160, 0.95), ("mains", 49, 181, 0.99)],
)
def test_noise_lies_in_its_band(kind, low, high, share):
    drawn = noise.KINDS[kind](36000, FS, np.random.default_rng(1))
    power = np.abs(np.fft.rfft(drawn - drawn.mean())) ** 2
    f = np.fft.rfftfreq(36000, 1 / FS)
    assert power[(f >= low) & (f <= high)].sum() / power.sum() > share


@pytest.mark.parametrize("frequency", [50.0, 60.0])
def test_mains_has_harmonics(frequency):
    drawn = noise.mains(36000, FS, np.random.default_rng(0), frequency)
    power = np.abs(np.fft.rfft(drawn)) ** 2
    f = np.fft.rfftfreq(36000, 1 / FS)
    bands = [power[np.abs(f - k * frequency) < 1].sum() for k in (1, 2)]
    assert bands[0] > bands[1] > 100 * np.median(power)


def test_electrode_motion_looks_like_beats():
    """In the band of the QRS, and far from Gaussian: rare large swings."""
    drawn = noise.motion(36000, FS, np.random.default_rng(1))
    power = np.abs(np.fft.rfft(drawn - drawn.mean())) ** 2
    f = np.fft.rfftfreq(36000, 1 / FS)
    assert power[(f > 1) & (f < 20)].sum() / power.sum() > 0.2
    assert np.mean((drawn / drawn.std()) ** 4) > 6


def test_coloured_noise_has_unit_variance_and_its_spectrum():
    drawn = noise.coloured(360 * 300, FS, noise.band(10, 1), 1, 100, np.random.default_rng(0))
    assert drawn.std() == pytest.approx(1, rel=0.03)
    power = np.abs(np.fft.rfft(drawn)) ** 2
    f = np.fft.rfftfreq(len(drawn), 1 / FS)
    assert np.sum(f * power) / power.sum() == pytest.approx(10, abs=0.2)


def test_drop_outs_are_listed_and_nothing_else_is_lost():
    signal = np.sin(np.arange(FS * 120) / 20)
    lost, stretches = maker.drop_outs(signal, FS, 3, np.random.default_rng(2))
    assert len(stretches) > 2
    changed = np.flatnonzero(np.abs(lost - signal) > 0.05) / FS
    for start, stop, look in stretches:
        assert 0 <= start < stop <= 120
        assert look in ("flat", "rail", "open")
    # What is changed outside the stretches is the baseline on its way back.
    ends = np.array([s.stop for s in stretches])
    outside = [
        t for t in changed if not any(s.start - 0.01 <= t <= s.stop + 0.01 for s in stretches)
    ]
    assert all(((t - ends) > 0).any() and (t - ends)[t - ends > 0].min() < 8 for t in outside)
    assert maker.drop_outs(signal, FS, 0, np.random.default_rng(2))[1] == ()


def test_recording_lists_its_drop_outs():
    person = maker.subject(6)
    recording = recorded(person, 2, noise={}, seed=0, drop_outs_per_minute=3)
    assert recording.notes[0] == "simulated"
    assert sum(note.startswith("drop-out in") for note in recording.notes) >= 3
    quiet = recorded(person, 2, noise={}, seed=0)
    assert not any(note.startswith("drop-out") for note in quiet.notes)
    np.testing.assert_array_equal(recording.beats, quiet.beats)


def test_a_lead_without_power_stays_as_it_is_and_the_other_gets_its_noise():
    ecg = np.stack([np.sin(np.arange(1000) / 9), np.zeros(1000)], axis=1)
    noisy = noise.add_noise(ecg, FS, "white", 0, np.random.default_rng(0))
    assert not noisy[:, 1].any()
    assert noise.snr(ecg[:, 0], noisy[:, 0] - ecg[:, 0]) == pytest.approx(0, abs=1e-3)


def test_unknown_noise_and_missing_samples_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="unknown noise 'hum': choose one of wander"):
        noise.add_noise(np.ones(10), FS, "hum", 0, rng)
    with pytest.raises(DataError, match="lead 0 has missing samples"):
        noise.add_noise(np.full(1000, np.nan), FS, "white", 0, rng)
    with pytest.raises(ValueError, match="unknown noise 'hum'"):
        recorded(maker.subject(1), 0.1, noise={"hum": 3})


# --------------------------------------------------------------------------------- set


def test_the_bundled_records_are_what_the_maker_writes(tmp_path):
    bundled = {r.name: r for r in datasets.load_ecg("default").recordings}
    people = maker.people()
    assert list(bundled) == [person.name for person, _ in people]
    for person, _ in (people[0], people[16]):
        made, rhythms = maker.recording(person, maker.MINUTES, maker.FS)
        maker.write(made, rhythms, tmp_path)
        again, there = io.read_record(tmp_path / person.name, comments=True), bundled[person.name]
        # Another processor may round the sum of the waves to the neighbouring step.
        np.testing.assert_allclose(again.signal, there.signal, atol=1.01 * maker.STEP)
        np.testing.assert_allclose(again.signal, made.signal, atol=1e-6)
        np.testing.assert_array_equal(again.beats, there.beats)
        np.testing.assert_array_equal(again.beats, made.beats)
        np.testing.assert_array_equal(again.symbols, made.symbols)
        assert again.notes[-len(made.notes) :] == made.notes
        marks = wfdb.rdann(str(tmp_path / person.name), "atr")
        labels = [text for text in marks.aux_note if text]
        assert labels == [label for at, label in rhythms.changes if at < 60 * maker.MINUTES]


def test_every_fifth_of_the_bundled_people_tests():
    made = datasets.load_ecg("default")
    assert made.simulated
    assert [s for s, part in made.split.items() if part == "test"] == [
        f"S{k:03d}" for k in range(5, 41, 5)
    ]
    assert all(r.fs == 360 and r.leads == ("MLII", "V1") for r in made.recordings)
    assert all("simulated" in r.notes for r in made.recordings)
    assert any("drop-out in MLII" in note for r in made.recordings for note in r.notes)


def test_subjects_differ_as_patients_do():
    people = [maker.subject(seed) for seed in range(300)]
    assert {p.conduction for p in people} == set(maker.CONDUCTION)
    rates = np.array([p.rate for p in people])
    assert rates.min() < 50
    assert rates.max() > 135
    fibrillating = np.array([p.af for p in people])
    assert 0.05 < np.mean(fibrillating == 1) < 0.2
    assert ((fibrillating > 0) & (fibrillating < 1)).any()
    assert 0.1 < np.mean([p.pvc > 0.015 for p in people]) < 0.4


def test_another_sampling_rate_shows_the_same_beats():
    person = maker.subject(8)
    fast, slow = (recorded(person, 0.5, fs=fs, noise={}) for fs in (500.0, 250.0))
    assert fast.signal.shape[0] == 2 * slow.signal.shape[0]
    np.testing.assert_allclose(fast.beats / 500, slow.beats / 250, atol=0.004)
