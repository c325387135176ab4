"""Exercises of lesson 17, de-identify and encrypt."""

import hashlib
import hmac
from datetime import datetime, timedelta

import numpy as np

from medtutor.exercises._lesson_17_crowds import NONCE, SHARED
from medtutor.exercises.engine import Exercise, Mistake


def pseudonym(patient_id, key):
    digest = hmac.new(key, patient_id.encode(), hashlib.sha256)
    return digest.hexdigest()[:16]


def pseudonym_by_hand(patient_id, key):
    key = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(k ^ 0x36 for k in key) + patient_id.encode()).digest()
    outer = hashlib.sha256(bytes(k ^ 0x5C for k in key) + inner)
    return "".join(f"{byte:02x}" for byte in outer.digest()[:8])


def _plain_hash(patient_id, key):
    return hashlib.sha256(patient_id.encode()).hexdigest()[:16]


def _key_in_front(patient_id, key):
    return hashlib.sha256(key + patient_id.encode()).hexdigest()[:16]


def _key_behind(patient_id, key):
    return hashlib.sha256(patient_id.encode() + key).hexdigest()[:16]


def _exchanged(patient_id, key):
    return hmac.new(patient_id.encode(), key, hashlib.sha256).hexdigest()[:16]


def _whole_digest(patient_id, key):
    return hmac.new(key, patient_id.encode(), hashlib.sha256).hexdigest()


def _last_digits(patient_id, key):
    return _whole_digest(patient_id, key)[-16:]


def _sixteen_bytes(patient_id, key):
    return _whole_digest(patient_id, key)[:32]


def _other_hash(patient_id, key):
    return hmac.new(key, patient_id.encode(), hashlib.sha1).hexdigest()[:16]


def _pseudonym_cases():
    return [
        ("104711", b"a key of thirty-two random bytes"),
        ("104712", b"a key of thirty-two random bytes"),
        ("104711", b"another key, of the same length."),
    ]


def move(dates, days):
    moved = []
    for text in dates:
        day = datetime.strptime(text, "%Y%m%d") + timedelta(days=days)
        moved.append(day.strftime("%Y%m%d"))
    return moved


def move_by_numpy(dates, days):
    iso = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates], "datetime64[D]")
    return [str(d).replace("-", "") for d in iso + np.timedelta64(days, "D")]


def _as_numbers(dates, days):
    return [str(int(d) + days) for d in dates]


def _other_direction(dates, days):
    return move(dates, -days)


def _with_hyphens(dates, days):
    return [f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in move(dates, days)]


def _years_only(dates, days):
    return [f"{int(d[:4]) + round(days / 365)}{d[4:]}" for d in dates]


def _months_of_thirty(dates, days):
    out = []
    for d in dates:
        n = int(d[:4]) * 360 + (int(d[4:6]) - 1) * 30 + int(d[6:]) - 1 + days
        out.append(f"{n // 360:04d}{n % 360 // 30 + 1:02d}{n % 30 + 1:02d}")
    return out


def _one_more_each(dates, days):
    return [move([d], days + k)[0] for k, d in enumerate(dates)]


def _all_alike(dates, days):
    return [move(dates, days)[0]] * len(dates)


def _move_cases():
    return [
        (["20240301", "20240308"], -1),
        (["20231231", "20240229", "20240301"], 366),
        (["20200115", "20200131", "20210101"], -1234),
    ]


PSEUDONYM = Exercise(
    key="17.1",
    task="a pseudonym that needs a key",
    reference=pseudonym,
    second=pseudonym_by_hand,
    mistakes=(
        Mistake(_plain_hash, "The key is not used: anybody can hash all hospital numbers."),
        Mistake(_key_in_front, "A key glued in front of the text is not HMAC: with this hash, text "
                "can be appended by somebody who does not know the key. Use the module hmac."),
        Mistake(_key_behind, "A key glued behind the text is not HMAC. Use the module hmac."),
        Mistake(_exchanged, "Key and message changed places: hmac.new(key, message, hash)."),
        Mistake(_whole_digest, "That is the whole digest. Asked for are its first 16 digits."),
        Mistake(_last_digits, "The first 16 digits, not the last."),
        Mistake(_sixteen_bytes, "16 bytes are 32 hexadecimal digits. Asked for are 16 digits."),
        Mistake(_other_hash, "The right scheme with another hash: take SHA-256."),
    ),
    hints=(
        "Python's module hmac does the work; it wants the key, the message as bytes, and a hash.",
        "hmac.new(key, patient_id.encode(), hashlib.sha256).hexdigest(), and cut it.",
    ),
    cases=_pseudonym_cases,
)  # fmt: skip

MOVE = Exercise(
    key="17.2",
    task="move dates so that the days between them stay",
    reference=move,
    second=move_by_numpy,
    mistakes=(
        Mistake(_as_numbers, "20240301 minus 1 is not a day: do not calculate with the digits."),
        Mistake(_other_direction, "Wrong direction: a negative number of days leads to the past."),
        Mistake(_with_hyphens, "Right days. DICOM writes them without hyphens."),
        Mistake(_years_only, "You move whole years. The months and days would stay known, and leap "
                "years would change the days between."),
        Mistake(_months_of_thirty, "Months are not all of 30 days. Let a calendar count."),
        Mistake(_one_more_each, "Each date moves by another number of days: the time between two "
                "examinations is lost."),
        Mistake(_all_alike, "All dates became the same one. Move each of them."),
    ),
    hints=(
        "Turn each text into a date, add the days, turn it into a text again.",
        'datetime.strptime(text, "%Y%m%d") reads, timedelta(days=days) adds, strftime writes.',
    ),
    cases=_move_cases,
)  # fmt: skip

EXERCISES = (PSEUDONYM, MOVE, SHARED, NONCE)
