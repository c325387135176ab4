"""A short run of tools/kill.py: who is killed while writing leaves the old file or the new."""

KILLS = 10  # of each writer; ``python tools/kill.py`` kills 200 times

# A writer without a hidden place, one that stumbles over what the last one left, and a good one.
BAD = """
import sys
sys.path.insert(0, {tools!r})
import kill
from itertools import count
from medtutor import paths

def in_place(folder):
    for number in count():
        with (folder / "a").open("wb") as file:
            for _ in range(2):
                file.write(bytes([number % 256]) * 1_000_000)
                file.flush()
                kill.time.sleep(0.05)
        yield

def stumbles(folder):
    (folder / f".a.{{kill.os.getpid()}}").mkdir()
    yield from good(folder)

def good(folder):
    for number in count():
        paths.write_bytes(folder / "a", bytes([number % 256]) * 2_000_000)
        yield

def half(folder, times):
    data = (folder / "a").read_bytes() if (folder / "a").is_file() else b""
    return "half" if data and (len(set(data)) > 1 or len(data) < 2_000_000) else ""

for write in (in_place, stumbles, good):
    kill.WRITERS["one"] = lambda: kill.Writer(lambda _: None, write, half)
    print(*sorted(set(kill.run("one", 8).faults)), sep="|")
"""


WRITERS = (
    *("progress", "results.json", "copies of the lessons", "stored notebook", "model file"),
    *("de-identified study and its key", "encrypted and decrypted files", "download"),
)


def test_nothing_is_half_there_or_lost_when_it_is_killed(table):
    rows = {row["writer"]: row for row in table("kill.py", "--kills", KILLS)}
    assert set(rows) == set(WRITERS)
    for writer, row in rows.items():
        assert row["kills"] == KILLS, writer
        assert not row["faults"], writer


def test_the_run_notices_half_a_file_and_what_stops_the_next_run(said):
    assert said(BAD) == ["half", "what was left stops the next run", ""]
