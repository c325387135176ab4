"""A real federation: SuperLink and SuperNodes as processes, with TLS and keys.

Slow: one deployment of one run serves all that is shown of it, two rounds, the second with a loss.
Everything waits for conditions, so a busy machine takes longer and does not fail.
"""

import os
import ssl
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medtutor import paths
from medtutor.privacy.federated import Settings, in_process

APP = paths.root() / "federation"
deploy, guard, keys = (paths.load(APP / f"{name}.py") for name in ("deploy", "guard", "keys"))
hospital_data = paths.load(APP / "hospitals_app" / "hospital_data.py")


def test_it_computes_what_the_simulation_does_and_survives_a_loss():
    said: list[str] = []
    four = hospital_data.consortium()
    two = replace(four, train=four.train[:2], test=four.test[:2], rules=four.rules[:2])
    with deploy.deploy(2, said.append) as federation:
        assert "No SuperNode found with the given public key" in federation.knock()
        plan = Settings(rounds=2, hospitals=2)
        real = federation.run(plan, said.append, lose=1, lose_round=2)
        listening = {
            connection.laddr.ip
            for process in guard.family(federation.mark)
            for connection in process.net_connections("inet")
            if connection.status == "LISTEN"
        }
        mark, folder = federation.mark, federation.folder
    assert not guard.family(mark)
    assert not folder.exists()
    assert listening == {"127.0.0.1"}
    assert any("killed in the middle" in line for line in said)
    loop = in_process(replace(plan, lose_hospital=1, lose_round=2), two)
    assert real.answered == loop.answered == [[0, 1], [0]]
    np.testing.assert_allclose(real.loss[:2], loop.loss[:2], atol=1e-3)  # last: of one hospital
    for a, b in zip(real.weights, loop.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


def test_the_guard_cleans_up_when_the_starter_is_gone(tmp_path: Path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "server.key").write_text("key")
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    child = subprocess.Popen(
        [sys.executable, "-c", stubborn], env={**os.environ, guard.MARK: "test-of-the-guard"}
    )
    watch = subprocess.Popen(
        [sys.executable, guard.__file__, "test-of-the-guard", str(folder)], stdin=subprocess.PIPE
    )
    try:
        assert watch.poll() is None
        watch.stdin.close()  # as happens when the starter dies
        watch.wait(60)
        assert child.wait(60) != 0
        assert not folder.exists()
    finally:
        child.kill()
        child.wait()
        watch.kill()
        watch.wait()


def handshake(files, authority: Path) -> None:
    """Connect to a TLS server with these files, trusting that authority."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=authority)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    a = server.wrap_bio(incoming, outgoing, server_side=True)
    b = client.wrap_bio(outgoing, incoming, server_hostname="127.0.0.1")
    for _ in range(8):
        for side in (b, a):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def test_the_certificate_is_trusted_by_its_authority_only(tmp_path: Path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    one, two = (keys.make_server(folder) for folder in folders)
    handshake(one, one.authority)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(one, two.authority)


def test_private_keys_are_for_their_owner_only(tmp_path: Path):
    files = keys.make_server(tmp_path)
    private, public = keys.make_hospital_key(tmp_path, "a")
    if os.name == "posix":
        for path in (files.key, private):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"PRIVATE" not in public.read_bytes()
    with pytest.raises(FileExistsError):
        keys.make_hospital_key(tmp_path, "a")  # never over a key that is in use
