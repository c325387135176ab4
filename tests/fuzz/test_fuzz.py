"""A short run of tools/fuzz.py: each damaged input is read, or refused in our own words."""

INPUTS = 100  # of each loader; ``python tools/fuzz.py`` tries 10,000

# Loaders that do what none may do, in place of the course's.
BAD = """
import os, sys
sys.path.insert(0, {tools!r})
import fuzz, numpy as np
from fuzz_seeds import Loader
from medtutor.errors import DataError
fuzz.SECONDS = 0.2

def bad(what):
    def read(folder):
        if (folder / "a").read_bytes() == b"sound":
            return
        what(folder)
    return Loader(read, lambda: [{{"a": b"sound"}}])

def refuse(folder):
    raise DataError("no", folder)

def forget(folder):
    (folder / ".a.tmp").touch()
    raise DataError("no", folder)

fuzz.LOADERS = {{
    "raises": bad(lambda _: 1 / 0),
    "eats": bad(lambda _: np.zeros(2**31)),
    "hangs": bad(lambda _: fuzz.time.sleep(60)),
    "dies": bad(lambda _: os.kill(os.getpid(), 11)),
    "forgets": bad(forget),
    "refuses": bad(refuse),
}}
for name in fuzz.LOADERS:
    row = fuzz.run(name, 3)
    print(row.inputs - row.read, row.refused, *sorted(set(row.faults.values())), sep="|")
"""


LOADERS = (
    *("DICOM file", "DICOM series", "PNG", "JPEG", "TIFF", "BMP", "npz", "labels.csv"),
    *("labels.csv, all faults", "split.csv", "WFDB header", "WFDB signal", "WFDB annotation"),
    *("encrypted file", "encrypted folder", "progress", "notebook"),
    *("DICOM to de-identify", "WFDB to de-identify"),
)


def test_each_damaged_input_is_read_or_refused(table):
    rows = {row["loader"]: row for row in table("fuzz.py", "--inputs", INPUTS)}
    assert set(rows) == set(LOADERS)
    for loader, row in rows.items():
        assert not row["faults"], f"python tools/fuzz.py --only {loader!r} --input NUMBER"
        assert row["read"] + row["refused"] == row["inputs"] >= INPUTS // 5, loader
        assert row["read"], loader  # else the damage never comes past the door


def test_the_run_notices_what_no_loader_may_do(said):
    answers = [line.split("|") for line in said(BAD)]
    wanted = ("ZeroDivisionError", "MemoryError", "more than", "died (signal 11)", "left behind")
    assert len(answers) == 6
    for (bad, refused, *faults), word in zip(answers, (*wanted, ""), strict=True):
        assert int(bad)
        assert refused == ("0" if word else bad)
        assert all(word in fault for fault in faults)
        assert bool(faults) == bool(word)
