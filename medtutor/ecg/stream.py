"""Read the heart rate of an ECG while it arrives, in pieces of any size, from anywhere.

A `Monitor` keeps the latest window of samples and nothing else. Readings fall due at fixed moments
of the patient's own clock, and each is computed from the window that ends there, filtered as a
whole as in training. So the size of the pieces cannot change a reading, and a reading equals what
`models.read` says about the same window.

The pieces come from an array, a WFDB record or a socket. On a socket they travel in packets that
carry the patient, the number of the first sample and a checksum. So the receiver knows what was
lost, who it belongs to, and what is not a packet at all.
"""

import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from medtutor.ecg import io, maps, quality
from medtutor.ecg.maps import Margin
from medtutor.ecg.segments import Normaliser, band_pass
from medtutor.errors import DataError

FS = 360.0  # Hz, at which the networks of the course read
BRIDGE = 0.1  # seconds without samples that a straight line may bridge
FLAT = 1.0  # seconds without any change after which no heart is being measured
LARGEST = 50.0  # mV; no electrode on the skin gives more: a broken number
RATES = (100.0, 4000.0)  # Hz: the sampling rates that a monitor takes
LONGEST_GAP = 60.0  # seconds without samples for which a monitor goes on saying "missing"
MAGIC = b"ECG\x01"
HEADER = struct.Struct("<4sIIq16s")  # magic, checksum of the rest, samples, start, patient
MOST = 4096  # samples in a packet


class Reading(NamedTuple):
    """What a monitor says at one moment."""

    time: float
    rate: float
    low: float
    high: float
    quality: float
    why: str


class Packet(NamedTuple):
    """A piece of one patient's signal in millivolts, from sample `start` of the patient's clock."""

    patient: str
    start: int
    samples: np.ndarray


@dataclass(frozen=True)
class WindowReader:
    """Read one window: run the network, find the beats, say how sure."""

    run: Callable[[np.ndarray], Any]
    normaliser: Normaliser
    margin: Margin | None = None
    widest: float = np.inf

    def __call__(self, filtered: np.ndarray) -> tuple[float, float, float, str]:
        """Read a window."""
        length, fs = len(filtered), self.normaliser.fs
        said = self.run(self.normaliser.scale(filtered[None])[:, :, None])["beats"]
        rate = maps.rate_from_map(said, fs, length)
        if np.isnan(rate[0]):
            return np.nan, np.nan, np.nan, "no beats"
        spread = maps.spread(said, fs, length)
        if spread[0] > self.widest:
            return np.nan, np.nan, np.nan, "unsure"
        if self.margin is None:
            return float(rate[0]), np.nan, np.nan, ""
        low, high = self.margin.interval(rate, spread)
        return float(rate[0]), float(low[0]), float(high[0]), ""


class Monitor:
    """Watch one patient after another; memory and work per reading are fixed."""

    def __init__(
        self,
        reader: Callable[[np.ndarray], tuple[float, float, float, str]],
        fs: float = FS,
        every: float = 1.0,
        length: int = 2000,
    ) -> None:
        if not RATES[0] <= fs <= RATES[1]:
            raise DataError(
                f"a sampling rate of {fs:g} Hz",
                remedy=f"The monitor takes {RATES[0]:g} to {RATES[1]:g} Hz.",
            )
        if not 1 <= every * fs < np.inf:
            raise DataError(f"a reading every {every:g} s", remedy="Give at least one sample.")
        self.reader, self.fs, self.hop = reader, float(fs), round(every * fs)
        places = np.arange(length) * (fs / FS)  # where the samples at 360 Hz lie
        samples = int(np.ceil(places[-1])) + 1  # of a window as it arrives
        self._places = places + (samples - 1 - places[-1])  # both end with the latest one
        self._memory = np.empty(samples, np.float32)
        self.admit()

    def admit(self, patient: str = "", start: int = 0) -> None:
        """Begin with a new patient; nothing of the one before is left."""
        self.patient, self._begun, self._seen = patient, start, start
        self._memory[:] = np.nan

    def feed(self, samples: np.ndarray, start: int | None = None) -> list[Reading]:
        """Take the next piece of signal, and give the readings that fall due in it."""
        piece = _numbers(samples)
        if start is None or start == self._seen:
            return self._take(piece)
        if start < self._seen:
            return self._take(piece[self._seen - start :])
        # Time passes without samples; a long break costs no more than a short one.
        shown = min(start - self._seen, round(LONGEST_GAP * self.fs))
        due = self._take(np.full(shown, np.nan, np.float32))
        self._seen = start
        return due + self._take(piece)

    def end(self) -> Reading:
        """Say that no more comes: a display must not go on showing the last rate."""
        return Reading(self._seen / self.fs, np.nan, np.nan, np.nan, 0.0, "ended")

    def _take(self, piece: np.ndarray) -> list[Reading]:
        """Write samples round the ring, and stop at each moment at which a reading falls due."""
        due, size, done = [], len(self._memory), 0
        while done < len(piece):
            place = self._seen % size
            n = min(len(piece) - done, self.hop - self._seen % self.hop, size - place)
            self._memory[place : place + n] = piece[done : done + n]
            done += n
            self._seen += n
            if self._seen % self.hop == 0:
                due.append(self._read())
        return due

    def _read(self) -> Reading:
        """Read the window that ends here."""
        time = self._seen / self.fs
        if self._seen - self._begun < len(self._memory):
            return Reading(time, np.nan, np.nan, np.nan, 0.0, "starting")
        oldest = self._seen % len(self._memory)
        filtered, good, why = self._prepare(np.roll(self._memory, -oldest))
        if filtered is None:
            return Reading(time, np.nan, np.nan, np.nan, good, why)
        rate, low, high, why = self.reader(filtered)
        return Reading(time, rate, low, high, good, why)

    def _prepare(self, raw: np.ndarray) -> tuple[np.ndarray | None, float, str]:
        """Repair, judge, filter a window: at 360 Hz (None where it tells nothing), quality, why."""
        with np.errstate(invalid="ignore"):
            missing = ~(np.abs(raw) <= LARGEST)
        if missing.any():
            if quality.runs(missing).max() > BRIDGE * self.fs:
                return None, 0.0, "missing"
            quality.bridge(raw, missing)
        if quality.runs(np.diff(raw) == 0).max(initial=0) + 1 >= FLAT * self.fs:
            return None, 0.0, "flat"
        filtered = band_pass(raw[None], self.fs)[0]
        if self.fs != FS:
            filtered = CubicSpline(np.arange(len(filtered)), filtered)(self._places)
        told = 1 - max(quality.flat_share(raw, self.fs), float(missing.mean()))
        return filtered.astype(np.float32), told * float(quality.qrs_share(raw, self.fs)), ""


def watch(
    source: Iterable[Packet | np.ndarray],
    reader: Callable[[np.ndarray], tuple[float, float, float, str]],
    fs: float = FS,
    every: float = 1.0,
) -> Iterator[Reading]:
    """Read whatever arrives, until it ends."""
    monitor, open_case = Monitor(reader, fs, every), False
    for piece in source:
        if isinstance(piece, Packet):
            if not open_case or piece.patient != monitor.patient:
                if open_case:
                    yield monitor.end()
                monitor.admit(piece.patient, piece.start)
            yield from monitor.feed(piece.samples, piece.start)
        else:
            yield from monitor.feed(piece)
        open_case = True
    if open_case:
        yield monitor.end()


def _numbers(samples: np.ndarray) -> np.ndarray:
    """Turn what arrived into a row of float32, or refuse it."""
    try:
        piece = np.asarray(samples, dtype=np.float32)
    except (TypeError, ValueError):
        piece = None
    if piece is None or piece.ndim != 1:
        raise DataError(
            "a piece of signal is not one row of numbers",
            remedy="Feed one lead, such as recording.signal[:, 0].",
        )
    return piece


# ------------------------------ where the pieces come from


def chunks(signal: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Cut a signal into pieces of `size` samples; the last one may be shorter."""
    for start in range(0, len(signal), size):
        yield signal[start : start + size]


def packets(signal: np.ndarray, patient: str, size: int = 90, start: int = 0) -> Iterator[Packet]:
    """Cut a signal into packets."""
    for first in range(0, len(signal), size):
        yield Packet(patient, start + first, signal[first : first + size])


def record_chunks(
    path: str | Path, lead: str | None = "MLII", seconds: float = 10.0
) -> tuple[float, Iterator[np.ndarray]]:
    """Hand out one lead of a WFDB record piece by piece: sampling rate, millivolts as they come."""
    # It is read whole first: format 8 holds differences and cannot be entered in the middle.
    fs, signal = io.read_lead(path, lead)
    return fs, chunks(signal, max(1, round(seconds * fs)))


def encode(packet: Packet) -> bytes:
    """Write a packet as bytes."""
    name, samples = packet.patient.encode(), _numbers(packet.samples)
    if len(name) > 16 or len(samples) > MOST or not 0 <= packet.start < 2**63:
        raise DataError(
            f"a packet of {len(samples)} samples from {packet.start} on for {packet.patient!r}",
            remedy=f"Send at most {MOST} samples, from 0 on, and a name of at most 16 bytes.",
        )
    body = samples.astype("<f4").tobytes()
    rest = HEADER.pack(MAGIC, 0, len(samples), packet.start, name)[8:]
    return MAGIC + struct.pack("<I", zlib.crc32(rest + body)) + rest + body


def decode(held: bytearray) -> Iterator[Packet]:
    """Take whole packets out of a buffer; skip what is none, leave what is not yet whole."""
    while True:
        found = held.find(MAGIC)
        if found < 0:
            del held[: max(0, len(held) - len(MAGIC) + 1)]
            return
        del held[:found]
        if len(held) < HEADER.size:
            return
        _, checksum, count, start, name = HEADER.unpack_from(held)
        end = HEADER.size + 4 * count
        if count <= MOST and len(held) < end:
            return
        if count > MOST or zlib.crc32(held[8:end]) != checksum:
            del held[: len(MAGIC)]  # not a packet: look for the next mark
            continue
        samples = np.frombuffer(bytes(held[HEADER.size : end]), "<f4")
        patient = name.rstrip(b"\0").decode(errors="replace")
        del held[:end]
        yield Packet(patient, start, samples)


def send(connection: socket.socket, parts: Iterable[Packet]) -> None:
    """Send packets; return when all are sent, or the other side has gone."""
    with suppress(OSError):
        for packet in parts:
            connection.sendall(encode(packet))


def receive(connection: socket.socket, timeout: float = 5.0) -> Iterator[Packet]:
    """Receive packets until the other side ends, fails, or is silent for `timeout` seconds."""
    connection.settimeout(timeout)
    held = bytearray()
    with suppress(OSError):  # reset, or silent for too long (TimeoutError)
        while arrived := connection.recv(65536):
            held += arrived
            yield from decode(held)
    while len(held) > HEADER.size:  # a damaged length may hide whole packets
        del held[: len(MAGIC)]
        yield from decode(held)


@contextmanager
def loopback(parts: Iterable[Packet]) -> Iterator[socket.socket]:
    """Send packets through a socket of this machine, from a thread, as a bedside device would."""
    trouble: list[Exception] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            try:
                send(connection, parts)
            except Exception as error:  # said by the side that listens
                trouble.append(error)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with socket.create_connection(server.getsockname()) as client:
            yield client
        thread.join(5)
    if trouble:
        raise trouble[0]
