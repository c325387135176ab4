"""benchmarks/scale: two processes train what one trains, and windows from the disk stay there."""

import json
import subprocess
import sys

import pytest

from medtutor import paths

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows counts memory elsewhere")
SCALE = paths.root() / "benchmarks" / "scale"


def rows_of(program, tmp_path):
    file = tmp_path / "rows.json"
    command = [sys.executable, str(SCALE / program), "--toy", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text("utf-8"))


def test_two_workers_reach_the_loss_of_one(tmp_path):
    one, two = rows_of("two_workers.py", tmp_path)
    assert (one["processes"], two["processes"]) == (1, 2)
    assert one["steps"] == two["steps"] > 1
    assert two["difference"] < 1e-3


def test_thirty_times_the_people_take_no_more_memory(tmp_path):
    first, last = rows_of("stream.py", tmp_path)
    assert last["windows"] == 30 * first["windows"]
    more = last["mb"] - first["mb"]
    assert more > 100
    assert last["peak_mb"] - first["peak_mb"] < 0.5 * more
    assert last["peak_mb"] < 1.5 * first["peak_mb"]
