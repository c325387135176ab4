"""Run the tools of the long runs as their users do."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from medtutor import paths

TOOLS = paths.root() / "tools"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[dict]]:
    """Run a tool with options, and give the rows of its table."""

    def run(tool: str, *options: object) -> list[dict]:
        file: Path = tmp_path_factory.mktemp("table") / "rows.json"
        done = _run(str(TOOLS / tool), *map(str, options), "--json", str(file))
        assert file.is_file(), done.stderr
        return json.loads(file.read_text())

    return run


@pytest.fixture
def said() -> Callable[[str], list[str]]:
    """Run code that imports the tools, and give the lines that it prints."""

    def run(code: str) -> list[str]:
        done = _run("-c", code.format(tools=str(TOOLS)))
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run
