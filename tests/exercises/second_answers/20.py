import hashlib
import struct

import numpy as np


def pseudonym_by_hand(patient_id, key):
    key = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(k ^ 0x36 for k in key) + patient_id.encode()).digest()
    outer = hashlib.sha256(bytes(k ^ 0x5C for k in key) + inner)
    return "".join(f"{byte:02x}" for byte in outer.digest()[:8])


def move_by_numpy(dates, days):
    iso = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates], "datetime64[D]")
    return [str(d).replace("-", "") for d in iso + np.timedelta64(days, "D")]


def shared_by_comparing(rows):
    return [sum(other == row for other in rows) for row in rows]


def nonce_by_struct(prefix, number, last):
    return struct.pack(">7sIB", prefix, number, int(last)).hex()


SECOND = {
    "PSEUDONYM": pseudonym_by_hand,
    "MOVE": move_by_numpy,
    "SHARED": shared_by_comparing,
    "NONCE": nonce_by_struct,
}
