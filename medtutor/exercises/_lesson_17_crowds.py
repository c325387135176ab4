"""Exercises of lesson 17 about rare values and about the nonces of an encrypted file."""

import struct
from collections import Counter

from medtutor.exercises.engine import Exercise, Mistake


def shared(rows):
    sizes = Counter(rows)
    return [sizes[row] for row in rows]


def shared_by_comparing(rows):
    return [sum(other == row for other in rows) for row in rows]


def _others_only(rows):
    return [n - 1 for n in shared(rows)]


def _smallest(rows):
    return min(shared(rows))


def _once_for_each_kind(rows):
    return list(Counter(rows).values())


def _kinds(rows):
    return [len(set(rows))] * len(rows)


def _first_column(rows):
    return shared([row[0] for row in rows])


def _any_column(rows):
    return [sum(any(a == b for a, b in zip(row, other, strict=True)) for other in rows)
            for row in rows]  # fmt: skip


def _neighbours(rows):
    return [1 + sum(rows[j] == row for j in (i - 1, i + 1) if 0 <= j < len(rows))
            for i, row in enumerate(rows)]  # fmt: skip


def _unique(rows):
    return [int(n == 1) for n in shared(rows)]


def _shared_cases():
    return [
        ([("F", 54), ("M", 54), ("F", 54), ("F", 61)],),
        ([("F", 80, "A"), ("M", 80, "A"), ("F", 80, "B"), ("M", 80, "A"), ("M", 80, "A")],),
        ([("M", 1), ("F", 2), ("M", 1), ("F", 2), ("M", 3), ("M", 1)],),
    ]


def nonce(prefix, number, last):
    return (prefix + number.to_bytes(4, "big") + bytes([last])).hex()


def nonce_by_struct(prefix, number, last):
    return struct.pack(">7sIB", prefix, number, int(last)).hex()


def _little_end(prefix, number, last):
    return (prefix + number.to_bytes(4, "little") + bytes([last])).hex()


def _no_end(prefix, number, last):
    return (prefix + number.to_bytes(5, "big")).hex()


def _no_number(prefix, number, last):
    return (prefix + bytes(4) + bytes([last])).hex()


def _flag_first(prefix, number, last):
    return (prefix + bytes([last]) + number.to_bytes(4, "big")).hex()


def _from_one(prefix, number, last):
    return nonce(prefix, number + 1, last)


def _flag_upside_down(prefix, number, last):
    return nonce(prefix, number, not last)


def _prefix_last(prefix, number, last):
    return (number.to_bytes(4, "big") + bytes([last]) + prefix).hex()


def _eight_bytes(prefix, number, last):
    return (prefix + number.to_bytes(8, "big") + bytes([last])).hex()


def _decimal_digits(prefix, number, last):
    return (prefix + f"{number:04d}".encode() + bytes([last])).hex()


def _nonce_cases():
    prefix = bytes.fromhex("a1b2c3d4e5f607")
    return [(prefix, 0, False), (prefix, 1, True), (prefix, 70_000, False), (bytes(7), 258, True)]


SHARED = Exercise(
    key="17.3",
    task="how many people share each row",
    reference=shared,
    second=shared_by_comparing,
    mistakes=(
        Mistake(_others_only, "Count the person too: somebody who is alone has a group of 1."),
        Mistake(_smallest, "That is the k of the whole table. Asked for is one number for each "
                "row."),
        Mistake(_once_for_each_kind, "One number for each kind of row. Give one for each "
                "person, in the order of the rows."),
        Mistake(_kinds, "That is the number of different rows."),
        Mistake(_first_column, "You compare the first column only. All columns of a row together "
                "make the person known."),
        Mistake(_any_column, "You count rows that agree in some column. All must agree."),
        Mistake(_neighbours, "Equal rows need not stand next to each other."),
        Mistake(_unique, "You say who is alone. Asked for is the size of each group."),
    ),
    hints=(
        "Rows are tuples, so they can be counted like words.",
        "sizes = Counter(rows) counts each kind; then look every row up in it.",
    ),
    cases=_shared_cases,
)  # fmt: skip

NONCE = Exercise(
    key="17.4",
    task="the nonce that tells a chunk where it belongs",
    reference=nonce,
    second=nonce_by_struct,
    mistakes=(
        Mistake(_little_end, "The number is written the other way round: the big end first."),
        Mistake(_no_end, "Nothing tells the last chunk from the others: a file that was cut off "
                "between two chunks would open."),
        Mistake(_no_number, "All chunks have the same number: they could change places, and one "
                "nonce would be used twice, which breaks GCM altogether."),
        Mistake(_flag_first, "The order is prefix, number, last."),
        Mistake(_from_one, "Count from 0: use the number as it is given."),
        Mistake(_flag_upside_down, "1 is for the last chunk, 0 for all others."),
        Mistake(_prefix_last, "The prefix comes first."),
        Mistake(_eight_bytes, "Four bytes for the number: the nonce of GCM has 12 bytes in all."),
        Mistake(_decimal_digits, "Write the number itself in four bytes, not its decimal digits."),
    ),
    hints=(
        "7 + 4 + 1 = 12 bytes: join them with +, then .hex().",
        'number.to_bytes(4, "big") gives the four bytes, bytes([last]) the one.',
    ),
    cases=_nonce_cases,
)  # fmt: skip
