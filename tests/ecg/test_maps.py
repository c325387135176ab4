import numpy as np
import pytest

from medtutor.ecg import maps, quality
from medtutor.ecg.segments import beat_map
from medtutor.errors import DataError
from medtutor.types import Windows

FS = 360.0


def drawn(*rows, amounts=None):
    """Maps of beats at these samples, each beat as high as its amount."""
    most = max(map(len, rows))
    out = np.zeros((len(rows), 250), np.float32)
    for k, row in enumerate(rows):
        for place, amount in zip(row, amounts[k] if amounts else [1] * len(row), strict=True):
            out[k] += amount * beat_map(np.array([[place] + [np.nan] * (most - 1)]))[0]
    return out


STEADY = [100, 400, 700, 1000, 1300, 1600, 1900]


# --------------------------------------------------------------------------------- spread


def test_a_sure_map_has_the_spread_of_its_jitter():
    (sure,) = maps.spread(drawn(STEADY))
    assert sure == pytest.approx(np.sqrt(2) * 72 * maps.JITTER / 5, rel=1e-3)


def test_doubt_about_a_beat_counts_by_what_it_would_do():
    half = [1, 1, 1, 0.5, 1, 1, 1]
    found, missed, end = maps.spread(
        drawn(
            STEADY,
            [*STEADY, 550],
            STEADY,
            amounts=[half, [1] * 7 + [0.1], [1] * 6 + [0.5]],
        )
    )
    # Without the fourth beat there would be five intervals in the same 5 s: 60 for 72 bpm.
    assert found == pytest.approx(0.5**2 * 12, rel=0.2)
    # A faint beat between two: one interval more.
    assert missed == pytest.approx(0.1**2 * 14.4, abs=0.2)
    # At the end a beat changes the span, not the distance of the others.
    assert end < 0.3


def test_spread_grows_with_the_doubt():
    rows = [[1, 1, 1, 1 - doubt, 1, 1, 1] for doubt in (0, 0.2, 0.4, 0.6, 0.8)]
    spread = maps.spread(drawn(*[STEADY] * 5, amounts=rows))
    assert (np.diff(spread) > 0).all()


def test_an_empty_map_is_lost():
    np.testing.assert_array_equal(maps.spread(np.zeros((2, 250))), maps.LOST)


# ----------------------------------------------------------------------------------- pool


def test_the_lead_that_is_sure_decides():
    good, noise = drawn(STEADY), np.full((1, 250), 0.1, np.float32)
    both = np.stack([noise, good])
    pooled, weight = maps.pool(both, np.stack([maps.spread(noise), maps.spread(good)]))
    np.testing.assert_allclose(weight.sum(axis=0), 1)
    assert weight[1] > 0.9
    np.testing.assert_allclose(maps.rate_from_map(pooled), 72, atol=0.5)


def test_a_sure_no_overrules_half_a_beat():
    one, other = drawn(STEADY), drawn([*STEADY, 1750], amounts=[[1] * 7 + [0.4]])
    pooled, _ = maps.pool(np.stack([one, other]), np.ones((2, 1)))
    np.testing.assert_allclose(maps.rate_from_map(other), 84, atol=1)
    np.testing.assert_allclose(maps.rate_from_map(pooled), 72, atol=0.5)


def test_a_lost_electrode_cannot_deny_beats():
    good, lost = drawn(STEADY), drawn([p for p in STEADY if not 700 <= p < 1400])
    signal = np.zeros((2, 1, 2000))
    for k, places in enumerate((STEADY, [p for p in STEADY if not 700 <= p < 1400])):
        signal[k, 0, places] = 1.0
    said = np.stack([maps.voice(lead, 250) for lead in signal])
    assert said[1, 0, 1000 // 8] == pytest.approx(0.01)
    assert said[0].min() == 1
    pair, spreads = np.stack([good, lost]), np.ones((2, 1))
    np.testing.assert_allclose(maps.rate_from_map(maps.pool(pair, spreads)[0]), 60, atol=0.5)
    np.testing.assert_allclose(maps.rate_from_map(maps.pool(pair, spreads, said)[0]), 72, atol=0.5)


def test_pooling_one_lead_twice_changes_nothing():
    one = np.random.default_rng(0).uniform(0.01, 0.9, (3, 250))
    pooled, _ = maps.pool(np.stack([one, one]), np.ones((2, 3)))
    np.testing.assert_allclose(pooled, one, atol=1e-6)


# --------------------------------------------------------------------------------- fusion


def test_the_detector_decides_about_a_beat_in_doubt():
    unsure = drawn(STEADY, amounts=[[1, 1, 1, 0.2, 1, 1, 1]])
    marks = np.array(STEADY)
    assert maps.fuse(unsure, [marks])[0] == pytest.approx(72, abs=0.5)
    assert maps.fuse(unsure, [np.delete(marks, 3)])[0] == pytest.approx(60, abs=0.5)


def test_a_detector_that_marks_everything_has_no_vote():
    unsure = drawn([*STEADY, 1750], amounts=[[1] * 7 + [0.1]])
    everywhere = np.arange(50, 2000, 90)
    assert maps.fuse(unsure, [everywhere])[0] == pytest.approx(72, abs=0.5)
    assert maps.fuse(unsure, [np.array([*STEADY, 1750])])[0] == pytest.approx(84, abs=1)


def test_marks_alone_make_no_beats():
    assert np.isnan(maps.fuse(np.zeros((1, 250)), [np.array(STEADY)])[0])
    assert np.isfinite(maps.fuse(drawn(STEADY), [np.empty(0)])[0])


def test_marks_are_counted_from_the_start_of_their_window():
    windows = Windows(
        np.zeros((2, 2000, 1), np.float32), np.ones(2), np.ones(2), np.zeros((2, 1)),
        np.array(["p", "p"]), np.array(["a", "b"]), np.array([2000, 0]), FS,
    )  # fmt: skip
    got = maps.marks({"a": np.array([10, 2000, 3999, 4000]), "b": np.array([5])}, windows)
    np.testing.assert_array_equal(got[0], [0, 1999])
    np.testing.assert_array_equal(got[1], [5])


# ---------------------------------------------------------------------------- uncertainty


@pytest.mark.parametrize(("subjects", "level"), [(5, 0.8), (20, 0.9)])
def test_intervals_cover_what_they_promise_where_hearts_differ(subjects, level):
    """On average over many draws of people, who differ by a factor in how wrong the spread is."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        who = np.repeat(np.arange(subjects + 1), 50)
        spread = rng.lognormal(0, 1, len(who))
        error = spread * rng.lognormal(0, 1, subjects + 1)[who] * rng.laplace(0, 0.5, len(who))
        new = who == subjects
        margin = maps.calibrate(error[~new], spread[~new], who[~new], level)
        low, high = margin.interval(500 + error[new], spread[new])
        covered.append(np.mean((low <= 500) & (high >= 500)))
    assert margin.level == level
    assert level <= np.mean(covered) <= level + 0.15


def test_each_subject_counts_the_same_and_few_cannot_promise_much():
    error = np.r_[np.ones(1000), np.full(10, 5.0)]
    who = np.r_[np.zeros(1000), np.ones(10)]
    assert maps.calibrate(error, np.ones(1010), who, 0.6) == maps.Margin(5, 0.6)
    assert maps.calibrate(error, np.ones(1010), who, 0.9) == maps.Margin(5, 2 / 3)
    assert maps.calibrate(error[:1000], np.ones(1000), who[:1000], 0.5) == maps.Margin(1, 0.5)


def test_no_interval_reaches_below_zero():
    low, high = maps.Margin(2.0).interval(np.array([50.0]), np.array([40.0]))
    assert (low[0], high[0]) == (0, 130)


def test_calibration_needs_windows():
    with pytest.raises(DataError, match="nothing to calibrate"):
        maps.calibrate(np.empty(0), np.empty(0), np.empty(0))


# -------------------------------------------------------------------------------- quality


def wave(noise=0.0):
    time = np.arange(2000) / FS
    rng = np.random.default_rng(1)
    beats = sum(np.exp(-0.5 * ((time - at / FS) / 0.012) ** 2) for at in STEADY)
    return beats + noise * rng.standard_normal(2000)


def test_each_index_sees_its_own_trouble():
    said = quality.of_signal(np.stack([wave(), wave(noise=0.5)]), FS)
    assert said.qrs[1] < said.qrs[0]
    assert said.kurtosis[0] > 6 > said.kurtosis[1] > 2.5


def test_flat_stretches_are_counted():
    signal = wave(noise=0.01)[None].copy()
    assert quality.flat_share(signal[0], FS) == 0
    signal[0, 500:1000] = 0.3
    assert quality.flat_share(signal[0], FS) == pytest.approx(0.25, abs=0.01)
    still = quality.of_signal(np.zeros((1, 2000)), FS)
    assert (quality.flat_share(np.zeros(2000), FS), still.qrs[0]) == (1, 0)
    assert np.isnan(still.kurtosis[0])


def test_agreement_is_shared_beats_over_all_beats():
    a = np.array([100.0, 500, 900, np.nan])
    near, one_more, none = a + 20, np.array([100, 300, 500, 900]), np.empty(0)
    got = quality.agreement([a, a, a, none], [near, one_more, none, none], FS)
    np.testing.assert_allclose(got, [1, 0.75, 0, 0])


def test_rejection_turns_the_most_doubtful_away_first():
    error = np.array([1.0, -10, 2, 3])
    _, best = quality.rejection(error, np.abs(error), [0.25, 0.5, 1.0])
    np.testing.assert_allclose(best, [1, 1.5, 4])
    _, worst = quality.rejection(error, np.array([3, 0, 2, np.nan]), [0.25, 0.75])
    np.testing.assert_allclose(worst, [10, 13 / 3])
    assert quality.limit(np.arange(101.0), 0.9) == 90
