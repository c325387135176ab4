"""The monitor: pieces of any size, gaps, garbage, other patients, other rates, sudden ends."""

import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor.datasets import load_ecg
from medtutor.ecg import stream
from medtutor.ecg.maps import Margin
from medtutor.ecg.segments import Normaliser, band_pass
from medtutor.errors import DataError

FS = 360
SCALES = Normaliser(fs=360.0, rate_mean=75.0, rate_std=15.0, change_std=5.0, floor=0.05)
RECORDING = load_ecg("default").recordings[3]
ECG = RECORDING.signal[: 40 * FS, 0]


def toy_network(ready):
    """Stand in for the LSTM: a bin is a beat where the slope is steep."""
    steep = np.abs(np.diff(ready[0, :, 0], append=0)).reshape(250, 8).max(axis=1)
    return {"beats": np.clip(steep / max(steep.max(), 1e-6) - 0.5, 0, 0.5)[None] * 2}


@pytest.fixture
def reader():
    return stream.WindowReader(toy_network, SCALES, Margin(2.0))


def table(readings):
    readings = list(readings)
    return np.array([r[:5] for r in readings]), [r.why for r in readings]


def same(first, second):
    (a, why_a), (b, why_b) = table(first), table(second)
    return why_a == why_b and np.array_equal(a, b, equal_nan=True)


class TestPieces:
    def test_half_an_hour_reads_the_same_in_pieces_of_any_size(self, reader):
        signal = np.resize(ECG, 30 * 60 * FS)
        signal[100_000:100_900] = np.nan
        whole = list(stream.watch([signal], reader, every=12.0))
        assert len(whole) == 151
        for size in (1, 37, 360, 5000):
            assert same(whole, stream.watch(stream.chunks(signal, size), reader, every=12.0)), size

    @given(st.lists(st.integers(0, 4000), max_size=12))
    @settings(max_examples=40)
    def test_so_does_any_mixture_of_sizes(self, sizes):
        reader = stream.WindowReader(toy_network, SCALES)
        cuts = np.minimum(np.cumsum(sizes, dtype=int), len(ECG))
        pieces = np.split(ECG, cuts)
        assert same(stream.watch([ECG], reader), stream.watch(pieces, reader))

    def test_a_window_is_prepared_as_in_training(self):
        seen = []
        reader = stream.WindowReader(toy_network, SCALES)
        monitor = stream.Monitor(lambda w: (seen.append(w), reader(w))[1], every=2000 / FS)
        monitor.feed(ECG[:6000])
        for k, window in enumerate(seen):
            wanted = band_pass(ECG[None, 2000 * k : 2000 * (k + 1)], FS)[0]
            np.testing.assert_array_equal(window, wanted)
        assert len(seen) == 3

    def test_readings_come_on_time_with_rate_interval_and_quality(self, reader):
        monitor = stream.Monitor(reader)
        assert monitor.feed(ECG[:359]) == []
        (first,) = monitor.feed(ECG[359:360])
        assert (first.time, first.why) == (1.0, "starting")
        later = monitor.feed(ECG[360:])
        assert [r.time for r in later] == list(range(2, 41))
        assert [r.why for r in later[:4]] == ["starting"] * 4
        read = [r for r in later[4:] if r.why != "no beats"]  # the toy network is not that good
        assert len(read) > 30
        for reading in read:
            assert reading.why == ""
            assert 0 <= reading.low < reading.rate < reading.high
            assert 0 < reading.quality <= 1

    def test_the_memory_does_not_grow(self, reader):
        monitor = stream.Monitor(reader, every=20.0)
        held = monitor._memory
        for _ in range(60):  # forty minutes
            assert len(monitor.feed(ECG)) == 2
        assert monitor._memory is held
        assert held.nbytes == 4 * 2000
        sizes = {k: sys.getsizeof(v) for k, v in vars(monitor).items()}
        monitor.feed(ECG)
        assert sizes == {k: sys.getsizeof(v) for k, v in vars(monitor).items()}


class TestTrouble:
    def read(self, signal, reader):
        return {r.time: r for r in stream.Monitor(reader).feed(signal)}

    def test_a_long_gap_silences_until_it_has_left_the_window(self, reader):
        signal = ECG.copy()
        signal[10 * FS : 11 * FS] = np.nan
        said = self.read(signal, reader)
        assert said[10.0].why == ""
        assert all(said[float(t)].why == "missing" for t in range(11, 17))
        assert all(np.isnan(said[float(t)].rate) for t in range(11, 17))
        assert said[17.0].why == ""

    def test_a_short_gap_is_bridged_and_costs_quality(self, reader):
        signal = ECG.copy()
        signal[10 * FS : 10 * FS + 30] = np.nan
        said, whole = self.read(signal, reader), self.read(ECG, reader)
        assert said[11.0].why == ""
        assert said[11.0].quality < whole[11.0].quality

    @pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e30, 51.0])
    def test_broken_numbers_are_missing_samples(self, reader, broken):
        signal = ECG.copy()
        signal[5000:5500] = broken
        gap = ECG.copy()
        gap[5000:5500] = np.nan
        assert same(stream.watch([signal], reader), stream.watch([gap], reader))

    @pytest.mark.parametrize("level", [0.0, 5.12])
    def test_a_flat_line_has_no_rate(self, reader, level):
        signal = ECG.copy()
        signal[10 * FS : 14 * FS] = level
        assert self.read(signal, reader)[14.0].why == "flat"
        assert self.read(np.zeros(4000), reader)[11.0].why == "flat"

    def test_a_window_without_beats_has_no_rate(self):
        reader = stream.WindowReader(lambda x: {"beats": np.zeros((1, 250))}, SCALES)
        assert self.read(ECG, reader)[10.0].why == "no beats"

    def test_too_wide_an_interval_has_no_rate(self):
        reader = stream.WindowReader(toy_network, SCALES, Margin(2.0), widest=0.0)
        said = self.read(ECG, reader)[10.0]
        assert said.why == "unsure"
        assert np.isnan(said.rate)

    @pytest.mark.parametrize("garbage", ["no signal", [["a"]], np.zeros((3, 2)), None, 7.0, {}])
    def test_garbage_is_refused_and_leaves_no_trace(self, reader, refused, garbage):
        monitor = stream.Monitor(reader)
        before = monitor.feed(ECG[:5000])
        refused(monitor.feed, garbage, says=["not one row of numbers"])
        assert same(before + monitor.feed(ECG[5000:]), stream.Monitor(reader).feed(ECG))

    def test_whole_numbers_and_lists_are_numbers(self, reader):
        millivolts = np.rint(ECG * 10)
        first = stream.Monitor(reader).feed(millivolts.astype(np.int16))
        assert same(first, stream.Monitor(reader).feed(list(millivolts)))

    @pytest.mark.parametrize("fs", [0, -360, 50, 1e6, float("nan"), float("inf")])
    def test_impossible_sampling_rates_are_refused(self, reader, refused, fs):
        refused(stream.Monitor, reader, fs, says=["sampling rate"])

    def test_so_are_impossible_intervals(self, reader, refused):
        refused(stream.Monitor, reader, 360.0, 0.0, says=["a reading every 0 s"])


class TestSamplingRates:
    @pytest.mark.parametrize("fs", [125.0, 250.0, 500.0, 1000.0])
    def test_the_window_is_nearly_that_of_360_hz(self, fs):
        from scipy.signal import resample_poly

        seen = {}
        for rate in (360.0, fs):
            windows = seen.setdefault(rate, [])
            reader = stream.WindowReader(toy_network, SCALES)
            monitor = stream.Monitor(lambda w, to=windows, r=reader: (to.append(w), r(w))[1], rate)
            signal = resample_poly(ECG, round(rate), 360, padtype="line") if rate != FS else ECG
            times = [r.time for r in monitor.feed(signal)]
            assert times == list(range(1, 41))
        first, second = seen[360.0][5], seen[fs][5]
        assert len(second) == 2000
        # The latest sample at 125 Hz is up to two steps of 1/360 s older than that at 360 Hz.
        moved = [
            np.corrcoef(first[100 + k : k - 100], second[100:-100])[0, 1] for k in range(-3, 4)
        ]
        assert max(moved) > 0.998

    def test_pieces_leave_no_trace_at_another_rate(self, reader):
        whole = list(stream.watch([ECG], reader, fs=250.0))
        assert same(whole, stream.watch(stream.chunks(ECG, 37), reader, fs=250.0))


class TestPatients:
    def test_nothing_is_carried_over(self, reader):
        monitor = stream.Monitor(reader)
        monitor.feed(ECG)
        monitor.admit("second")
        second = np.flip(ECG).copy()
        assert same(monitor.feed(second), stream.Monitor(reader).feed(second))

    def test_a_packet_of_another_patient_starts_anew(self, reader):
        one, two = ECG[: 15 * FS], ECG[20 * FS : 35 * FS]
        parts = [*stream.packets(one, "one"), *stream.packets(two, "two", start=777)]
        said = list(stream.watch(parts, reader))
        ends = [k for k, r in enumerate(said) if r.why == "ended"]
        assert len(ends) == 2
        alone = list(stream.watch(stream.packets(two, "two", start=777), reader))
        assert same(said[ends[0] + 1 :], alone)
        assert said[ends[0] + 1].why == "starting"

    def test_the_end_is_announced(self, reader):
        last = list(stream.watch([ECG[:1000]], reader))[-1]
        assert last.why == "ended"
        assert last.time == 1000 / FS
        assert np.isnan(last.rate)
        assert list(stream.watch([], reader)) == []


class TestPackets:
    parts = tuple(stream.packets(ECG, "bed 7", size=90))

    def test_lost_packets_are_missing_samples(self, reader):
        kept = self.parts[:50] + self.parts[58:]
        signal = ECG.copy()
        signal[50 * 90 : 58 * 90] = np.nan
        assert same(stream.watch(kept, reader), stream.watch([signal], reader))

    def test_repeated_and_late_packets_change_nothing(self, reader):
        twice = [p for packet in self.parts for p in (packet, packet)]
        late = [*self.parts[:60], self.parts[3], *self.parts[60:]]
        whole = list(stream.watch(self.parts, reader))
        assert same(stream.watch(twice, reader), whole)
        assert same(stream.watch(late, reader), whole)

    def test_a_long_break_costs_no_more_than_a_short_one(self, reader):
        monitor = stream.Monitor(reader)
        monitor.feed(ECG)
        silent = monitor.feed(ECG[:360], start=10**12)
        assert len(silent) < 70
        assert {r.why for r in silent} == {"missing"}
        assert silent[-1].time >= 10**12 / FS
        assert monitor.feed(ECG)[-1].why == ""

    def test_through_a_socket_nothing_changes(self, reader):
        with stream.loopback(self.parts) as connection:
            heard = list(stream.watch(stream.receive(connection), reader))
        assert same(heard, stream.watch(self.parts, reader))

    def test_bytes_that_are_no_packet_are_dropped(self):
        rng = np.random.default_rng(0)
        wire = bytearray()
        for packet in self.parts[:20]:
            wire += rng.bytes(rng.integers(0, 50)) + stream.encode(packet)
            wire += b"ECG\x01" + rng.bytes(3)  # looks like a beginning
        wire += struct.pack("<4sIIq16s", b"ECG\x01", 1, 2**32 - 1, 5, b"x")  # claims to be huge
        heard, held = [], bytearray()
        for k in range(0, len(wire), 11):
            held += wire[k : k + 11]
            heard += stream.decode(held)
            assert len(held) <= 44 + 4 * 4096
        heard += stream.decode(held + bytes(20_000))
        assert [p.start for p in heard] == [90 * k for k in range(20)]
        assert all(p.patient == "bed 7" for p in heard)
        np.testing.assert_array_equal(np.concatenate([p.samples for p in heard]), ECG[:1800])

    def test_a_damaged_packet_is_lost_and_the_next_one_is_not(self):
        wire = bytearray(b"".join(map(stream.encode, self.parts[:3])))
        wire[60] ^= 1
        assert [p.start for p in stream.decode(wire)] == [90, 180]

    def test_a_damaged_length_does_not_take_the_packets_behind_it(self):
        import socket

        ours, theirs = socket.socketpair()
        wire = [bytearray(stream.encode(part)) for part in self.parts[:10]]
        wire[5][8:12] = struct.pack("<I", stream.MOST)
        theirs.sendall(b"".join(wire))
        theirs.close()
        with ours:
            heard = [p.start for p in stream.receive(ours)]
        assert heard == [p.start for k, p in enumerate(self.parts[:10]) if k != 5]

    def test_what_cannot_be_sent_is_said_to_who_listens(self):
        part = stream.Packet("a name of more than 16 bytes", 0, np.zeros(9, np.float32))
        with (
            pytest.raises(DataError, match="at most 16 bytes"),
            stream.loopback([part]) as connection,
        ):
            assert not list(stream.receive(connection))
        with pytest.raises(DataError, match="one row of numbers"):
            stream.encode(stream.Packet("bed 7", 0, np.zeros((9, 2))))

    def test_a_connection_that_breaks_inside_a_packet_ends_the_stream(self, reader):
        import socket

        ours, theirs = socket.socketpair()
        wire = b"".join(map(stream.encode, self.parts[:40]))
        theirs.sendall(wire[:-17])
        theirs.close()
        with ours:
            said = list(stream.watch(stream.receive(ours), reader))
        assert said[-1].why == "ended"
        assert said[-1].time == 39 * 90 / FS

    def test_silence_ends_the_stream(self):
        import socket

        ours, theirs = socket.socketpair()
        with ours, theirs:
            assert list(stream.receive(ours, timeout=0.05)) == []

    def test_packets_that_cannot_be_sent_are_refused(self, refused):
        refused(stream.encode, stream.Packet("x" * 17, 0, ECG[:9]), says=["9 samples"])
        refused(stream.encode, stream.Packet("x", 0, np.zeros(5000)), says=["5000 samples"])
        refused(stream.encode, stream.Packet("x", -1, ECG[:9]), says=["from -1 on"])


class TestFiles:
    def test_a_record_is_read_piece_by_piece(self, tmp_path, reader):
        import wfdb

        leads = np.stack([0 * ECG, ECG], axis=1).astype(float)
        wfdb.wrsamp("r", 360, ["mV", "mV"], ["V1", "MLII"], leads, fmt=["16", "16"],
                    write_dir=str(tmp_path))  # fmt: skip
        fs, pieces = stream.record_chunks(tmp_path / "r", seconds=3.0)
        pieces = list(pieces)
        assert fs == 360
        assert {len(p) for p in pieces[:-1]} == {1080}
        np.testing.assert_allclose(np.concatenate(pieces), ECG, atol=1e-3)

    def test_a_missing_record_or_lead_is_named(self, tmp_path, refused):
        import wfdb

        refused(stream.record_chunks, tmp_path / "none", says=["none.hea"])
        wfdb.wrsamp("r", 360, ["mV"], ["V1"], ECG[:, None].astype(float), fmt=["16"],
                    write_dir=str(tmp_path))  # fmt: skip
        with pytest.raises(DataError, match="MLII"):
            stream.record_chunks(tmp_path / "r")

    def test_real_records_stream_as_they_are_read(self, real_ecg, reader):
        from medtutor.ecg.io import read_record

        whole = read_record(real_ecg / "114", fs=None)  # its MLII is the second channel
        fs, pieces = stream.record_chunks(real_ecg / "114", seconds=7.0)
        first = list(stream.watch(pieces, reader, fs, every=30.0))
        assert same(first, stream.watch([whole.signal[:, 0]], reader, whole.fs, every=30.0))


def test_the_monitor_does_not_need_tensorflow():
    import subprocess

    code = "import sys; from medtutor.ecg import stream; from medtutor import export; " \
           "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
