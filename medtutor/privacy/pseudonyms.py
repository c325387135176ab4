"""Pseudonyms from a keyed hash: the same for one patient and key, unguessable without the key.

A plain hash of a patient's number is no protection: there are few numbers, and anybody can hash
them all. HMAC (FIPS 198-1) mixes in a secret key, so that only its holder can.
"""

import base64
import hmac
import os
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from medtutor import paths
from medtutor.errors import DataError

KEY_BYTES = 32
SHORTEST_KEY = 16
KEY_FILE = "deidentify.key"
SHIFT_DAYS = (366, 3650)  # dates move back by this many days; never forward, into the future


@dataclass(frozen=True, repr=False)
class Pseudonyms:
    """Everything that is derived from one secret key."""

    key: bytes

    def _digest(self, purpose: str, value: str) -> bytes:
        # The purpose keeps two uses of one value apart: a UID never equals a patient's pseudonym.
        return hmac.digest(self.key, f"medtutor/{purpose}\0{value}".encode(), "sha256")

    def patient(self, identity: str) -> str:
        """Give a patient's pseudonym: 16 letters and digits, 80 bits."""
        return base64.b32encode(self._digest("patient", identity)[:10]).decode()

    def uid(self, old: str) -> str:
        """Give the UID in another's place: a UUID (RFC 9562, version 8) under 2.25 (PS3.5, B.2)."""
        raw = bytearray(self._digest("uid", old.strip(" \0"))[:16])
        raw[6], raw[8] = raw[6] & 0x0F | 0x80, raw[8] & 0x3F | 0x80
        return f"2.25.{uuid.UUID(bytes=bytes(raw)).int}"

    def days(self, identity: str) -> int:
        """Give the number of days by which all dates of a patient move; negative."""
        low, high = SHIFT_DAYS
        number = int.from_bytes(self._digest("dates", identity)[:8])
        return -(low + number % (high - low + 1))


def shifted(value: str, days: int) -> str:
    """Move a DICOM date (DA), or the date of a date-time (DT), by whole days."""
    text = value.strip(" \0").replace(".", "", 2) if value[4:5] == "." else value.strip(" \0")
    found = re.fullmatch(r"(\d{4})(\d\d)?(\d\d)?(\d{0,6}(?:\.\d{1,6})?(?:[+-]\d{4})?)", text)
    if not found:
        return ""
    year, month, day, rest = found.groups()
    try:  # a date that stops at the year or month moves as its middle does
        moved = date(int(year), int(month or 7), int(day or 15)) + timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    text = f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"
    return text[: 4 + 2 * bool(month) + 2 * bool(day)] + rest


def read_key(key: bytes | str | Path | None, target: Path) -> tuple[bytes, Path | None, bool]:
    """Find the key of a run, its file if it has one, and whether that has yet to be written."""
    if isinstance(key, bytes | bytearray):
        return _long_enough(bytes(key), None), None, False
    path = Path(key).expanduser() if key is not None else target.parent / KEY_FILE
    if path.resolve().is_relative_to(target.resolve()):
        raise DataError(
            "the key would lie among the files that you give away",
            path,
            "Keep it outside of the target.",
        )
    if not path.exists():
        return secrets.token_bytes(KEY_BYTES), path, True
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise DataError(
            "this is not a key: hexadecimal digits are expected",
            path,
            "Name another file; one that does not exist yet is made.",
        ) from error
    return _long_enough(secret, path), path, False


def _long_enough(key: bytes, path: Path | None) -> bytes:
    if len(key) < SHORTEST_KEY:
        raise DataError(
            f"the key has {len(key)} bytes, at least {SHORTEST_KEY} are needed",
            path,
            "Make one with secrets.token_bytes(32), or name a file that does not exist yet.",
        )
    return key


def write_key(key: bytes, path: Path) -> None:
    """Write a new key, readable by its owner alone; an existing file is never overwritten."""
    with paths.appears(path) as hidden:  # half a key would open nothing
        handle = os.open(hidden, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key.hex() + "\n")
        if path.exists():
            raise FileExistsError(path)
