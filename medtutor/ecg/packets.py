"""Where a stream comes from: an array, a WFDB record handed out in pieces, a socket.

On a socket the samples travel in packets that carry the patient, the number of the first sample and
a checksum. So the receiver knows what was lost, who it belongs to, and what is not a packet at all.
"""

from __future__ import annotations

import socket
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medtutor.ecg import io
from medtutor.errors import DataError

MAGIC = b"ECG\x01"
HEADER = struct.Struct("<4sIIq16s")  # magic, checksum of the rest, samples, start, patient
MOST = 4096  # samples in a packet


class Packet(NamedTuple):
    """A piece of one patient's signal in millivolts, from sample `start` of the patient's clock."""

    patient: str
    start: int
    samples: np.ndarray


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
    """Hand out one lead of a WFDB record piece by piece: sampling rate, millivolts as they come.

    It is read whole first: format 8 holds differences and cannot be entered in the middle.
    """
    fs, signal = io.read_lead(path, lead)
    return fs, chunks(signal, max(1, round(seconds * fs)))


def encode(packet: Packet) -> bytes:
    """Write a packet as bytes."""
    name = packet.patient.encode()
    if len(name) > 16 or len(packet.samples) > MOST or not 0 <= packet.start < 2**63:
        raise DataError(
            f"a packet of {len(packet.samples)} samples from {packet.start} on for "
            f"{packet.patient!r}",
            remedy=f"Send at most {MOST} samples, from 0 on, and a name of at most 16 bytes.",
        )
    body = np.asarray(packet.samples, "<f4").tobytes()
    rest = HEADER.pack(MAGIC, 0, len(packet.samples), packet.start, name)[8:]
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
    while True:
        try:
            arrived = connection.recv(65536)
        except OSError:  # reset, or silent for too long (TimeoutError)
            return
        if not arrived:
            return
        held += arrived
        yield from decode(held)


@contextmanager
def loopback(parts: Iterable[Packet]) -> Iterator[socket.socket]:
    """Send packets through a socket of this machine, from a thread, as a bedside device would."""

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            send(connection, parts)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with socket.create_connection(server.getsockname()) as client:
            yield client
        thread.join(5)
