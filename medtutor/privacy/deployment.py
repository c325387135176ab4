"""The Flower app on a real SuperLink and real SuperNodes: separate processes, TLS, known keys.

Everything runs on this machine and listens on 127.0.0.1 only, but nothing is simulated: each
hospital is a SuperNode with its own key, and each of its trainings a process of its own. The book's
page on doing it across machines starts the same commands on several.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from medtutor import paths
from medtutor.errors import MedtutorError
from medtutor.privacy import _guard
from medtutor.privacy.certificates import ServerFiles, make_hospital_key, make_server, pem_body
from medtutor.privacy.hospitals import NAMES
from medtutor.privacy.processes import HOST, answers, command, end, free_port, program, tree
from medtutor.privacy.run_folder import Say, read_steps, write_app
from medtutor.privacy.settings import QUIET, THREADS, Outcome, Settings, outcome

PATIENCE = 300.0  # seconds that a step may take on a slow machine before it is called stuck
LINK = "course"  # the SuperLink's name in Flower's own configuration


@dataclass
class Federation:
    """A running SuperLink and its SuperNodes; made by `deploy`.

    Parameters
    ----------
    folder : Path
        Keys, logs and results; gone when the federation ends.
    mark : str
        What all its processes carry in their environment.
    port : int
        Port of the SuperLink on 127.0.0.1.
    files : ServerFiles
        The certificates.
    """

    folder: Path
    mark: str
    port: int = 0
    files: ServerFiles | None = None
    link: subprocess.Popen | None = None
    nodes: dict[int, subprocess.Popen] = field(default_factory=dict)
    runs: int = 0

    def run(
        self, settings: Settings, say: Say = lambda _: None, lose: int | None = None
    ) -> Outcome:
        """Run the app once and wait for its result.

        Parameters
        ----------
        settings : Settings
            What to do.
        say : callable
            Is told the progress, a line at a time.
        lose : int, optional
            A hospital whose SuperNode is killed (SIGKILL) in the middle of the first round, while
            its training runs.

        Returns
        -------
        Outcome

        Raises
        ------
        MedtutorError
            If the app failed or got stuck; the message has the last lines of the log.
        """
        self.runs += 1
        out = self.folder / f"run{self.runs}"
        out.mkdir()
        app = write_app(out, settings)
        steps: list[dict[str, Any]] = []
        before = self._trainings(lose)  # of an earlier run, not yet ended
        self._flwr("run", str(app), LINK)
        deadline = time.monotonic() + settings.rounds * settings.wait + PATIENCE
        while not (out / "weights.npz").exists():
            self._alive(out, deadline)
            if lose is not None and steps and self._trainings(lose) - before:
                self.kill(lose)
                say(f"hospital {NAMES[lose]}: killed in the middle of its training")
                lose = None
            read_steps(out, steps, say)
            time.sleep(0.05)
        read_steps(out, steps, say)
        with np.load(out / "weights.npz", allow_pickle=False) as stored:
            return outcome(steps, [stored[name] for name in stored.files])

    def register(self, public: Path) -> None:
        """Tell the SuperLink a hospital's public key."""
        self._flwr("supernode", "register", str(public), LINK)

    def start_node(
        self, name: str, hospital: int, key: Path, **config: str | int
    ) -> subprocess.Popen:
        """Start a hospital's SuperNode.

        Parameters
        ----------
        name : str
            Of its log.
        hospital : int
            Its number.
        key : Path
            Its private key.
        **config : str or int
            Further entries of its node configuration, such as ``data``, a folder of its own.

        Returns
        -------
        Popen
        """
        entries = {"partition-id": hospital, "num-partitions": len(NAMES), **config}
        words = " ".join(
            f'{k}="{v}"' if isinstance(v, str) else f"{k}={v}" for k, v in entries.items()
        )
        assert self.files is not None
        return self._start(
            name, "flower-supernode",
            "--root-certificates", str(self.files.authority), "--superlink", f"{HOST}:{self.port}",
            "--auth-supernode-private-key", str(key), "--node-config", words,
            "--host", HOST, "--port", str(free_port()),
        )  # fmt: skip

    def knock(self) -> str:
        """Try to join with a key that nobody registered, and give the answer.

        Returns
        -------
        str
            Why the SuperLink refused it.

        Raises
        ------
        MedtutorError
            If it was let in.
        """
        key, public = make_hospital_key(self.folder, f"stranger{secrets.token_hex(2)}")
        node = self.start_node(key.stem, len(NAMES), key)
        try:
            code = node.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = 0
        finally:
            end([node])
        marker = pem_body(public)
        said = [line for line in self._lines("link") if marker in line]
        if code == 0 or not said:
            raise MedtutorError(f"a key that nobody registered was not refused: {said}")
        return said[-1].split("exception:")[-1].strip()

    def kill(self, hospital: int) -> None:
        """Kill a hospital's SuperNode and all of its processes at once, as a power cut would."""
        end([self.nodes.pop(hospital)], gently=False)

    def _trainings(self, hospital: int | None) -> set[int]:
        """Process numbers of the ClientApps that a hospital's SuperNode runs now."""
        if hospital is None or hospital not in self.nodes:
            return set()
        return {p.pid for p in tree(self.nodes[hospital]) if "flwr-clientapp" in command(p)}

    def _alive(self, out: Path, deadline: float) -> None:
        """Raise if the run can no longer end well."""
        failure = out / "failed.txt"
        if failure.exists():
            raise MedtutorError(f"the server's app failed: {failure.read_text(encoding='utf-8')}")
        if self.link is not None and self.link.poll() is not None:
            raise MedtutorError(f"the SuperLink ended: {self._log('link')}")
        if time.monotonic() > deadline:
            raise MedtutorError(f"the federation got stuck: {self._log('link')}")

    def _lines(self, name: str) -> list[str]:
        """Give the log of a process."""
        path = self.folder / f"{name}.log"
        return (
            path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        )

    def _log(self, name: str) -> str:
        """Give the last words of a process's log."""
        return " ".join(" ".join(self._lines(name)).split())[-400:]

    def _start(self, name: str, what: str, *arguments: str) -> subprocess.Popen:
        """Start a program of Flower in the background, with its own log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [program(what), *arguments], cwd=self.folder, env=self._environment(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we end them in order
            )  # fmt: skip
        return process

    def _flwr(self, *words: str) -> str:
        """Run Flower's command line and wait for it."""
        done = subprocess.run(
            [program("flwr"), *words], cwd=self.folder, env=self._environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            said = " ".join(done.stdout.split())[-300:]
            raise MedtutorError(f"flwr {words[0]} failed: {said}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        """Environment of all processes: quiet, marked, with this Python and this package."""
        binaries = str(Path(sys.executable).parent)
        package = str(Path(__file__).resolve().parents[2])
        before = os.environ
        return {
            **before,
            **QUIET,
            **dict.fromkeys(THREADS, "1"),
            _guard.MARK: self.mark,
            "FLWR_HOME": str(self.folder / "flwr"),
            "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
            "PATH": os.pathsep.join([binaries, before.get("PATH", "")]),
            "PYTHONPATH": os.pathsep.join(filter(None, [package, before.get("PYTHONPATH", "")])),
            "NO_PROXY": f"{HOST},localhost",
            "no_proxy": f"{HOST},localhost",
        }


@contextmanager
def deploy(hospitals: int = 4, say: Say = lambda _: None) -> Iterator[Federation]:
    """Start a SuperLink and the SuperNodes of the hospitals; end them all at the end.

    Parameters
    ----------
    hospitals : int
        How many, at most four.
    say : callable
        Is told what is started, a line at a time.

    Yields
    ------
    Federation

    Raises
    ------
    MedtutorError
        If Flower is not installed, or the SuperLink does not start.
    """
    mark = secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="medtutor-", ignore_cleanup_errors=True) as name:
        federation = Federation(Path(name), mark)
        guard = subprocess.Popen(
            [sys.executable, _guard.__file__, mark, name], stdin=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        try:
            _start_link(federation, say)
            keys = [make_hospital_key(federation.folder, f"hospital{n}") for n in NAMES[:hospitals]]
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(federation.register, [public for _, public in keys]))
            for k, (private, _) in enumerate(keys):
                federation.nodes[k] = federation.start_node(private.stem, k, private)
            say(f"{hospitals} hospitals: keys registered, SuperNodes started")
            yield federation
        finally:
            end([*federation.nodes.values(), *filter(None, [federation.link])])
            assert guard.stdin is not None
            guard.stdin.close()  # it looks for anything that is left
            guard.wait()


def _start_link(federation: Federation, say: Say) -> None:
    """Start the SuperLink; if another program takes the free port first, take another."""
    federation.files = files = make_server(federation.folder)
    for _ in range(5):
        federation.port = free_port()
        federation.link = federation._start(
            "link", "flower-superlink", "--host", HOST, "--port", str(federation.port),
            "--ssl-ca-certfile", str(files.authority), "--ssl-certfile", str(files.certificate),
            "--ssl-keyfile", str(files.key), "--enable-supernode-auth",
            "--disable-runtime-dependency-installation",
        )  # fmt: skip
        if answers(federation.link, federation.port, PATIENCE):
            break
    else:
        raise MedtutorError(f"the SuperLink does not start: {federation._log('link')}",
                            remedy="Run `medtutor doctor`.")  # fmt: skip
    paths.write_text(
        federation.folder / "flwr" / "config.toml",
        f'[superlink]\ndefault = "{LINK}"\n\n[superlink.{LINK}]\n'
        f'address = "{HOST}:{federation.port}"\nroot-certificates = "{files.authority}"\n',
    )
    say(f"SuperLink on {HOST}:{federation.port}, TLS, registered keys only")
