"""Downloads against a server on this machine that cuts off, corrupts, or has nothing."""

import contextlib
import errno
import hashlib
import http.server
import shutil
import socket
import threading
from collections import namedtuple

import numpy as np
import pytest

from medtutor import datasets
from medtutor.datasets import download, registry
from medtutor.datasets.registry import File, Source
from medtutor.errors import DataError, DownloadError

CONTENT = np.random.default_rng(0).integers(0, 256, 3_000_000, dtype=np.uint8).tobytes()
SIZE = len(CONTENT)
Usage = namedtuple("Usage", "total used free")


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve files from ``server.files``; ``server.plan`` says what goes wrong."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        fault = server.plan.pop(0) if server.plan else None
        content = server.files.get(self.path.rsplit("/", 1)[-1])
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        body = content
        if fault == "corrupt":
            body = bytes(len(body))
        if fault == "longer":
            body += b"more"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def log_message(self, *args):
        """Stay quiet."""

    def handle(self):
        """Bear a client that hangs up."""
        with contextlib.suppress(ConnectionError):
            super().handle()


@pytest.fixture
def server():
    """Run a server that holds ``big.npz`` and ``small.csv``."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.files = {"big.npz": CONTENT, "small.csv": b"a,b\n"}
        running.plan, running.asked = [], []
        running.url = f"http://127.0.0.1:{running.server_port}/files/"
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDTUTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("pooch.core.time.sleep", lambda _: None)
    return tmp_path / "cache"


def entry(url, *, size=SIZE, algorithm="sha256", both=False, files=()):
    value = hashlib.new(algorithm, CONTENT).hexdigest()
    listed = [File("big.npz", f"{algorithm}:{value}", size)]
    if both:
        listed.append(File("small.csv", "md5:" + hashlib.md5(b"a,b\n").hexdigest()))
    return Source("big", "ct", "t", "l", "c", "big", url, "", tuple(files or listed))


@pytest.fixture
def source(server, monkeypatch):
    """Put a source into the registry; call it again with other properties."""

    def put(url=server.url, **properties):
        sources = {"big": entry(url, **properties)}
        monkeypatch.setattr(registry, "sources", lambda: sources)
        return sources["big"]

    put()
    return put


def fetch(**named):
    return download.get("big", **named)


def files(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_fetches_checks_and_keeps(server, source, cache):
    (row,) = fetch()
    assert row.state == "fetched"
    assert (cache / "big" / "big.npz").read_bytes() == CONTENT
    assert files(cache) == ["big.npz"]
    assert [row.state for row in fetch()] == ["ok"]
    assert len(server.asked) == 1
    assert [row.state for row in download.list_sources()] == ["downloaded"]
    assert datasets.available() == ("default", "big")


@pytest.mark.parametrize(("size", "algorithm"), [(0, "md5"), (len(CONTENT), "sha256")])
def test_a_cut_off_transfer_starts_again_by_itself(server, source, cache, size, algorithm):
    source(size=size, algorithm=algorithm)
    server.plan += ["cut", "cut"]
    fetch()
    assert len(server.asked) == 3
    assert (cache / "big" / "big.npz").read_bytes() == CONTENT
    assert files(cache) == ["big.npz"]


def test_a_transfer_that_never_ends_leaves_nothing(server, source, cache):
    server.plan += ["cut"] * 30
    with pytest.raises(DownloadError, match="no connection, or it broke off"):
        fetch()
    assert files(cache) == []
    assert download.list_sources()[0].state == "not downloaded"


def test_corrupt_bytes_are_refused(server, source, cache):
    server.plan += ["corrupt"] * 9
    with pytest.raises(DownloadError) as caught:
        fetch()
    message = str(caught.value)
    assert server.url + "big.npz" in message
    assert "checksum differs" in message
    assert str(cache / "big" / "big.npz") in message
    assert "--mirror URL" in message
    assert files(cache) == []


def test_a_damaged_file_is_replaced(server, source, cache):
    fetch()
    (cache / "big" / "big.npz").write_bytes(b"damaged")
    assert [row.state for row in download.verify("big")] == ["damaged"]
    assert [row.state for row in fetch()] == ["fetched"]
    assert [row.state for row in download.verify("big")] == ["ok"]


def test_no_space_is_said_before_a_byte_is_written(server, source, cache, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 10**6, 10**6))
    with pytest.raises(DownloadError) as caught:
        fetch()
    assert "no space on the disk: 3 MB needed, 1 MB free" in str(caught.value)
    assert "MEDTUTOR_CACHE" in str(caught.value)
    assert server.asked == []
    assert files(cache) == []


def test_a_disk_that_fills_up_on_the_way(server, source, cache, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pooch.core.shutil.move", full)
    with pytest.raises(DownloadError, match="cannot be written") as caught:
        fetch()
    assert "No space left on device" in str(caught.value)
    assert files(cache) == []


def test_offline_names_the_address_and_the_way_around(source, cache):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/files/"
    source(url)
    with pytest.raises(DownloadError) as caught:
        fetch()
    message = str(caught.value)
    assert message.startswith(f"{url}big.npz: no connection")
    assert f"fetch {url}big.npz by hand and put it at {cache / 'big' / 'big.npz'}" in message
    assert "medtutor data get big --mirror URL" in message
    assert "\n" not in message
    assert files(cache) == []


def test_a_mirror_serves_instead(server, source, cache):
    source("http://127.0.0.1:9/nowhere/")
    assert [row.state for row in fetch(mirror=server.url)] == ["fetched"]
    with pytest.raises(DataError, match="is no web address") as caught:
        fetch(mirror="file:///etc")
    assert caught.value.remedy


def test_errors_of_the_server(server, source, cache):
    del server.files["big.npz"]
    with pytest.raises(DownloadError, match="the server answers 404 Not Found"):
        fetch()
    server.files["big.npz"] = b"<html>please log in</html>"
    with pytest.raises(DownloadError, match="checksum differs"):
        fetch()
    assert files(cache) == []


def test_several_files_and_what_is_left_of_them(server, source, cache):
    source(both=True)
    del server.files["small.csv"]
    with pytest.raises(DownloadError, match="404"):
        fetch()
    assert files(cache) == ["big.npz"]
    assert download.list_sources()[0].state == "partly downloaded"
    assert [row.state for row in download.verify("big")] == ["ok", "missing"]
    server.files["small.csv"] = b"a,b\n"
    assert [row.state for row in fetch()] == ["ok", "fetched"]
    assert download.place(registry.sources()["big"]) == cache / "big"


def test_a_cache_that_cannot_be_written(source, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MEDTUTOR_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DownloadError, match="cannot be written") as caught:
        fetch()
    assert "MEDTUTOR_CACHE" in str(caught.value)


def test_a_bar_is_shown(server, source, capsys):
    download.get("big")
    assert "3.00M/3.00M" in capsys.readouterr().err
