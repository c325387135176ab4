"""`make bench`: the program at the sizes of a toy, and the pages that say what it found."""

import ast
import json
import subprocess
import sys

import pytest

from medtutor import paths

BENCHMARKS = paths.root() / "benchmarks"
PAGES = [paths.root() / "book" / name for name in ("bench.md", "scale.md")]


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return paths.load(BENCHMARKS / "bench.py")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_the_tables_are_those_of_the_stored_results(bench, page):
    results = json.loads(bench.RESULTS.read_text("utf-8"))
    text = page.read_text("utf-8")
    assert bench.renewed(text, results) == text
    assert "Not measured yet" not in text


def test_every_section_is_on_a_page_and_every_block_is_known(bench):
    shown = {name for page in PAGES for _, name, _ in bench.BLOCK.findall(page.read_text("utf-8"))}
    assert shown == {"machine", *bench.SECTIONS}
    assert all((BENCHMARKS / program).is_file() for program in bench.SECTIONS.values())


def test_one_command_measures_and_keeps_what_others_found(bench, tmp_path):
    """The loops of `ingestion` also give what the readers give, or the program stops."""
    out = tmp_path / "results.json"
    bench.store(out, "steps", {"rows": []})
    command = [sys.executable, str(BENCHMARKS / "bench.py"), "--toy", "--only", "ingestion"]
    done = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = json.loads(out.read_text("utf-8"))
    assert list(results["sections"]) == ["steps", "ingestion"]
    rows = results["sections"]["ingestion"]["rows"]
    assert {row["rival"].split(",")[0] for row in rows} == {"wfdb", "pydicom", "Keras"}
    for row in rows:
        assert row["ratio"] == pytest.approx(row["rival_ms"] / row["ms"], rel=1e-3)
    table = bench.block("ingestion", results)
    assert table.count("\n| ") == len(rows) + 1
    assert results["machine"]["cores"] >= 1


def test_every_program_that_trains_takes_the_settings_of_the_lessons_before_keras():
    """Without `common` it would measure other kernels than the lessons use."""
    trains = ("keras", "tensorflow", "medtutor.ct", "medtutor.ecg", "medtutor.export")
    checked = []
    for file in sorted(BENCHMARKS.rglob("*.py")):
        lines: dict[str, int] = {}
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            for name in names:
                lines[name] = min(node.lineno, lines.get(name, node.lineno))
        first = [line for name, line in lines.items() if name.startswith(trains)]
        if first and file.name != "common.py":
            checked.append(file.stem)
            assert lines.get("common", min(first)) < min(first), file
    assert {"article", "goals", "heart_rate", "nodules", "stream", "two_workers"} <= set(checked)


def test_turns_are_fair_to_the_slow_and_to_the_fast(bench):
    import common

    calls = {"slow": 0, "fast": 0}

    def count(name):
        calls[name] += 1

    took = common.take_turns({n: lambda n=n: count(n) for n in calls}, seconds=0.01, turn=0.001)
    assert min(map(len, took.values())) >= 3
    assert all(len(took[name]) < calls[name] for name in calls)  # the first of a turn is left out
