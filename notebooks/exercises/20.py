"""Exercises: de-identify and encrypt."""

import hashlib
import hmac
from collections import Counter

from medtutor.exercises import Exercise, Mistake


def pseudonym(patient_id, key):
    digest = hmac.new(key, patient_id.encode(), "sha256")
    return digest.hexdigest()[:16]


def _digest(key, message, name="sha256"):
    return hmac.new(key, message, name).hexdigest()


PSEUDONYM = Exercise(
    task="a pseudonym that needs a key",
    reference=pseudonym,
    mistakes=(
        Mistake(
            lambda patient_id, key: hashlib.sha256(patient_id.encode()).hexdigest()[:16],
            "The key is not used: anybody can hash all hospital numbers.",
        ),
        Mistake(
            lambda patient_id, key: hashlib.sha256(key + patient_id.encode()).hexdigest()[:16],
            "A key glued in front of the text is not HMAC: who sees a whole digest of this kind "
            "can go on to a longer text without the key. Use the module hmac.",
        ),
        Mistake(
            lambda patient_id, key: hashlib.sha256(patient_id.encode() + key).hexdigest()[:16],
            "A key glued behind the text is not HMAC. Use the module hmac.",
        ),
        Mistake(
            lambda patient_id, key: _digest(patient_id.encode(), key)[:16],
            "Key and message changed places: hmac.new(key, message, hash).",
        ),
        Mistake(
            lambda patient_id, key: _digest(key, patient_id.encode()),
            "That is the whole digest. Asked for are its first 16 digits.",
        ),
        Mistake(
            lambda patient_id, key: _digest(key, patient_id.encode())[-16:],
            "The first 16 digits, not the last.",
        ),
        Mistake(
            lambda patient_id, key: _digest(key, patient_id.encode())[:32],
            "16 bytes are 32 hexadecimal digits. Asked for are 16 digits.",
        ),
        Mistake(
            lambda patient_id, key: _digest(key, patient_id.encode(), "sha1")[:16],
            "The right scheme with another hash: take SHA-256.",
        ),
    ),
    hints=(
        "Python's module hmac does the work; it wants the key, the message as bytes, and a hash.",
        'hmac.new(key, patient_id.encode(), "sha256").hexdigest(), and cut it.',
    ),
    cases=lambda: [
        ("104711", b"a key of thirty-two random bytes"),
        ("104712", b"a key of thirty-two random bytes"),
        ("104711", b"another key, of the same length."),
    ],
)


def move(dates, days):
    from datetime import datetime, timedelta

    moved = []
    for text in dates:
        day = datetime.strptime(text, "%Y%m%d") + timedelta(days=days)
        moved.append(day.strftime("%Y%m%d"))
    return moved


def _months_of_thirty(dates, days):
    out = []
    for d in dates:
        n = int(d[:4]) * 360 + (int(d[4:6]) - 1) * 30 + int(d[6:]) - 1 + days
        out.append(f"{n // 360:04d}{n % 360 // 30 + 1:02d}{n % 30 + 1:02d}")
    return out


MOVE = Exercise(
    task="move dates so that the days between them stay",
    reference=move,
    mistakes=(
        Mistake(
            lambda dates, days: [str(int(d) + days) for d in dates],
            "20240301 minus 1 is not a day: do not calculate with the digits.",
        ),
        Mistake(
            lambda dates, days: move(dates, -days),
            "Wrong direction: a negative number of days leads to the past.",
        ),
        Mistake(
            lambda dates, days: [f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in move(dates, days)],
            "Right days. DICOM writes them without hyphens.",
        ),
        Mistake(
            lambda dates, days: [f"{int(d[:4]) + round(days / 365)}{d[4:]}" for d in dates],
            "You move whole years. The months and days would stay known, and leap years would "
            "change the days between.",
        ),
        Mistake(_months_of_thirty, "Months are not all of 30 days. Let a calendar count."),
        Mistake(
            lambda dates, days: [move([d], days + k)[0] for k, d in enumerate(dates)],
            "Each date moves by another number of days: the time between two examinations is lost.",
        ),
        Mistake(
            lambda dates, days: [move(dates, days)[0]] * len(dates),
            "All dates became the same one. Move each of them.",
        ),
    ),
    hints=(
        "Turn each text into a date, add the days, turn it into a text again.",
        "from datetime import datetime, timedelta: "
        'datetime.strptime(text, "%Y%m%d") reads, timedelta(days=days) adds, strftime writes.',
    ),
    cases=lambda: [
        (["20240301", "20240308"], -1),
        (["20231231", "20240229", "20240301"], 366),
        (["20200115", "20200131", "20210101"], -1234),
    ],
)


def shared(rows):
    sizes = Counter(rows)
    return [sizes[row] for row in rows]


SHARED = Exercise(
    task="how many people share each row",
    reference=shared,
    mistakes=(
        Mistake(
            lambda rows: [n - 1 for n in shared(rows)],
            "Count the person too: somebody who is alone has a group of 1.",
        ),
        Mistake(
            lambda rows: min(shared(rows)),
            "That is the k of the whole table. Asked for is one number for each row.",
        ),
        Mistake(
            lambda rows: list(Counter(rows).values()),
            "One number for each kind of row. Give one for each person, in the order of the rows.",
        ),
        Mistake(lambda rows: [len(set(rows))] * len(rows), "That is the number of different rows."),
        Mistake(
            lambda rows: shared([row[0] for row in rows]),
            "You compare the first column only. All columns of a row together make the person "
            "known.",
        ),
        Mistake(
            lambda rows: [
                sum(any(a == b for a, b in zip(row, other, strict=True)) for other in rows)
                for row in rows
            ],
            "You count rows that agree in some column. All must agree.",
        ),
        Mistake(
            lambda rows: [
                1 + sum(rows[j] == row for j in (i - 1, i + 1) if 0 <= j < len(rows))
                for i, row in enumerate(rows)
            ],
            "Equal rows need not stand next to each other.",
        ),
        Mistake(
            lambda rows: [int(n == 1) for n in shared(rows)],
            "You say who is alone. Asked for is the size of each group.",
        ),
    ),
    hints=(
        "Rows are tuples, so they can be counted like words.",
        "sizes = Counter(rows) counts each kind; then look every row up in it.",
    ),
    cases=lambda: [
        ([("F", 54), ("M", 54), ("F", 54), ("F", 61)],),
        ([("F", 80, "A"), ("M", 80, "A"), ("F", 80, "B"), ("M", 80, "A"), ("M", 80, "A")],),
        ([("M", 1), ("F", 2), ("M", 1), ("F", 2), ("M", 3), ("M", 1)],),
    ],
)


def nonce(prefix, number, last):
    return (prefix + number.to_bytes(4, "big") + bytes([last])).hex()


def _nonce_cases():
    prefix = bytes.fromhex("a1b2c3d4e5f607")
    return [(prefix, 0, False), (prefix, 1, True), (prefix, 70_000, False), (bytes(7), 258, True)]


NONCE = Exercise(
    task="the nonce that tells a chunk where it belongs",
    reference=nonce,
    mistakes=(
        Mistake(
            lambda prefix, number, last: (
                prefix + number.to_bytes(4, "little") + bytes([last])
            ).hex(),
            "The number is written the other way round: the big end first.",
        ),
        Mistake(
            lambda prefix, number, last: (prefix + number.to_bytes(5, "big")).hex(),
            "Nothing tells the last chunk from the others: a file that was cut off between two "
            "chunks would open.",
        ),
        Mistake(
            lambda prefix, number, last: (prefix + bytes(4) + bytes([last])).hex(),
            "All chunks have the same number: they could change places, and one nonce would be "
            "used twice, which breaks GCM altogether.",
        ),
        Mistake(
            lambda prefix, number, last: (prefix + bytes([last]) + number.to_bytes(4, "big")).hex(),
            "The order is prefix, number, last.",
        ),
        Mistake(
            lambda prefix, number, last: nonce(prefix, number + 1, last),
            "Count from 0: use the number as it is given.",
        ),
        Mistake(
            lambda prefix, number, last: nonce(prefix, number, not last),
            "1 is for the last chunk, 0 for all others.",
        ),
        Mistake(
            lambda prefix, number, last: (number.to_bytes(4, "big") + bytes([last]) + prefix).hex(),
            "The prefix comes first.",
        ),
        Mistake(
            lambda prefix, number, last: (prefix + number.to_bytes(8, "big") + bytes([last])).hex(),
            "Four bytes for the number: the nonce of GCM has 12 bytes in all.",
        ),
        Mistake(
            lambda prefix, number, last: (prefix + f"{number:04d}".encode() + bytes([last])).hex(),
            "Write the number itself in four bytes, not its decimal digits.",
        ),
    ),
    hints=(
        "7 + 4 + 1 = 12 bytes: join them with +, then .hex().",
        'number.to_bytes(4, "big") gives the four bytes, bytes([last]) the one.',
    ),
    cases=_nonce_cases,
)
