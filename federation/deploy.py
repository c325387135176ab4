"""The Flower app on a real SuperLink and real SuperNodes: separate processes, TLS, known keys.

Everything runs on this machine and listens on 127.0.0.1 only, but nothing is simulated: each
hospital is a SuperNode with its own key, and each of its trainings a process of its own. The book's
page on doing it across machines starts the same commands on several.
"""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import numpy as np

import medtutor
from medtutor import metrics, paths, runner
from medtutor.errors import DataError, MedtutorError
from medtutor.privacy import federated
from medtutor.privacy.federated import NAMES, QUIET, THREADS, Outcome, Settings, outcome

APP = Path(__file__).resolve().parent  # the Flower app, and these files beside it
guard = paths.load(APP / "guard.py")
keys = paths.load(APP / "keys.py")
processes = paths.load(APP / "processes.py")
HOST = processes.HOST
Say = Callable[[str], None]
PATIENCE = 300.0  # seconds that a step may take on a slow machine before it is called stuck
LINK = "course"  # the SuperLink's name in Flower's own configuration
# A SuperNode that beats every ten seconds, not 25: who is silent for half a minute is lost.
SUPERNODE = """
from flwr.common import constant
constant.HEARTBEAT_DEFAULT_INTERVAL = 15
from flwr.supernode.cli import flower_supernode
flower_supernode()
"""


@dataclass
class Federation:
    """A running SuperLink and its SuperNodes; made by `deploy`."""

    folder: Path  # keys, logs and results; gone when the federation ends
    mark: str  # what all its processes carry in their environment
    port: int = 0  # of the SuperLink on 127.0.0.1
    files: Any = None  # keys.ServerFiles
    link: subprocess.Popen | None = None
    nodes: dict[int, subprocess.Popen] = field(default_factory=dict)

    def run(
        self,
        settings: Settings,
        say: Say = lambda _: None,
        lose: int | None = None,
        lose_round: int = 1,
    ) -> Outcome:
        """Run the app; the SuperNode of hospital `lose` is killed while it trains in that round."""
        out = self.folder / "run"
        out.mkdir()
        lines = [f"{name} = {_toml(value)}\n" for name, value in asdict(settings).items()]
        config = out / "settings.toml"
        paths.write_text(config, "".join([*lines, f"out = {_toml(str(out))}\n"]))
        steps: list[dict[str, Any]] = []
        before: set[int] = set()  # trainings of the rounds before that one
        self._flwr("run", str(APP), LINK, "--run-config", str(config))
        deadline = time.monotonic() + settings.rounds * settings.wait + PATIENCE
        while not (out / "weights.npz").exists():
            self._alive(out, deadline)
            _read_steps(out, steps, say)
            if lose is not None:
                running = self._trainings(lose)
                if sum(step["state"] == "sent" for step in steps) < lose_round:
                    before |= running
                elif running - before:
                    self.kill(lose)
                    say(f"hospital {NAMES[lose]}: killed in the middle of its training")
                    lose = None
            time.sleep(0.2)  # looking at all processes is work, too
        _read_steps(out, steps, say)
        with np.load(out / "weights.npz", allow_pickle=False) as stored:
            return outcome(steps, [stored[name] for name in stored.files])

    def register(self, public: Path) -> None:
        """Tell the SuperLink a hospital's public key."""
        self._flwr("supernode", "register", str(public), LINK)

    def start_node(
        self, name: str, hospital: int, key: Path, **config: str | int
    ) -> subprocess.Popen:
        """Start a hospital's SuperNode; `config` is more for its node, such as its own ``data``."""
        entries = {"partition-id": hospital, "num-partitions": len(NAMES), **config}
        words = " ".join(
            f'{k}="{v}"' if isinstance(v, str) else f"{k}={v}" for k, v in entries.items()
        )
        assert self.files is not None
        return self._start(
            name,
            [sys.executable, "-c", SUPERNODE],
            "--root-certificates",
            str(self.files.authority),
            "--superlink",
            f"{HOST}:{self.port}",
            "--auth-supernode-private-key",
            str(key),
            "--node-config",
            words,
            "--host",
            HOST,
            "--port",
            str(processes.free_port()),
        )

    def knock(self) -> str:
        """Try to join with a key that nobody registered; give the SuperLink's refusal."""
        key, public = keys.make_hospital_key(self.folder, f"stranger{secrets.token_hex(2)}")
        node = self.start_node(key.stem, len(NAMES), key)
        try:
            code = node.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = 0
        finally:
            processes.end([node])
        marker = keys.pem_body(public)
        said = [line for line in self._lines("link") if marker in line]
        if code == 0 or not said:
            raise MedtutorError(f"a key that nobody registered was not refused: {said}")
        return said[-1].split("exception:")[-1].strip()

    def kill(self, hospital: int) -> None:
        """Kill a hospital's SuperNode and all of its processes at once, as a power cut would."""
        processes.end([self.nodes.pop(hospital)], gently=False)

    def _trainings(self, hospital: int | None) -> set[int]:
        """Process numbers of the ClientApps that a hospital's SuperNode runs now."""
        if hospital is None or hospital not in self.nodes:
            return set()
        return {
            p.pid
            for p in processes.tree(self.nodes[hospital])
            if "flwr-clientapp" in processes.command(p)
        }

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

    def _start(self, name: str, what: list[str], *arguments: str) -> subprocess.Popen:
        """Start a program of Flower in the background, with its own log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*what, *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we end them in order
            )
        return process

    def _flwr(self, *words: str) -> str:
        """Run Flower's command line and wait for it."""
        done = subprocess.run(
            [processes.program("flwr"), *words],
            cwd=self.folder,
            env=self._environment(),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            said = " ".join(done.stdout.split())[-300:]
            raise MedtutorError(f"flwr {words[0]} failed: {said}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        """Environment of all processes: quiet, marked, with this Python and this package."""
        binaries = str(Path(sys.executable).parent)
        package = str(Path(medtutor.__file__).resolve().parents[1])
        before = os.environ
        return {
            **before,
            **QUIET,
            **dict.fromkeys(THREADS, "1"),
            guard.MARK: self.mark,
            "FLWR_HOME": str(self.folder / "flwr"),
            "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
            "PATH": os.pathsep.join([binaries, before.get("PATH", "")]),
            "PYTHONPATH": os.pathsep.join(filter(None, [package, before.get("PYTHONPATH", "")])),
            "NO_PROXY": f"{HOST},localhost",
            "no_proxy": f"{HOST},localhost",
        }


@contextmanager
def deploy(hospitals: int = 4, say: Say = lambda _: None) -> Iterator[Federation]:
    """Start a SuperLink and the SuperNodes of the hospitals; end them all at the end."""
    mark = secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="medtutor-", ignore_cleanup_errors=True) as name:
        federation = Federation(Path(name), mark)
        watch = subprocess.Popen(
            [sys.executable, APP / "guard.py", mark, name],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _start_link(federation, say)
            pairs = [
                keys.make_hospital_key(federation.folder, f"hospital{n}") for n in NAMES[:hospitals]
            ]
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(federation.register, [public for _, public in pairs]))
            for k, (private, _) in enumerate(pairs):
                federation.nodes[k] = federation.start_node(private.stem, k, private)
            say(f"{hospitals} hospitals: keys registered, SuperNodes started")
            yield federation
        finally:
            processes.end([*federation.nodes.values(), *filter(None, [federation.link])])
            assert watch.stdin is not None
            watch.stdin.close()  # it looks for anything that is left
            watch.wait()


def _start_link(federation: Federation, say: Say) -> None:
    """Start the SuperLink; if another program takes the free port first, take another."""
    federation.files = files = keys.make_server(federation.folder)
    for _ in range(5):
        federation.port = processes.free_port()
        federation.link = federation._start(
            "link",
            [processes.program("flower-superlink")],
            "--host",
            HOST,
            "--port",
            str(federation.port),
            "--ssl-ca-certfile",
            str(files.authority),
            "--ssl-certfile",
            str(files.certificate),
            "--ssl-keyfile",
            str(files.key),
            "--enable-supernode-auth",
            "--disable-runtime-dependency-installation",
        )
        if processes.answers(federation.link, federation.port, PATIENCE):
            break
    else:
        raise MedtutorError(
            f"the SuperLink does not start: {federation._log('link')}",
            remedy="Run `medtutor doctor`.",
        )
    paths.write_text(
        federation.folder / "flwr" / "config.toml",
        f'[superlink]\ndefault = "{LINK}"\n\n[superlink.{LINK}]\n'
        f'address = "{HOST}:{federation.port}"\n'
        f"root-certificates = {_toml(str(files.authority))}\n",
    )
    say(f"SuperLink on {HOST}:{federation.port}, TLS, registered keys only")


def _read_steps(out: Path, steps: list[dict[str, Any]], say: Say) -> None:
    """Read the progress that is new since the last time, and say it."""
    path = out / "progress.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    for line in lines[len(steps) :]:
        step = json.loads(line)
        steps.append(step)
        if step["state"] == "sent":
            say(f"round {step['round']}: model sent to {step['to']} hospitals")
        elif step["counts"]:
            names = ", ".join(NAMES[k] for k in step["hospitals"])
            loss = np.average(step["losses"], weights=step["counts"])
            what = "loss before" if step["state"] == "trained" else "loss at the end"
            say(f"round {step['round']}: {step['state']} by {names}; {what} {loss:.4f}")


def _toml(value: object) -> str:
    """Write a number, a text or a truth value; pairs of surrogates, which JSON allows, are none."""
    return json.dumps(value, ensure_ascii=False)


def main(chosen: argparse.Namespace) -> int:
    """Run the command; whatever ends it, its processes and temporary files go too."""
    if chosen.rounds < 1 or not 0 <= chosen.mu < float("inf"):
        raise DataError(
            f"{chosen.rounds} rounds and mu = {chosen.mu:g}",
            remedy="Give at least one round, and a mu that is not negative.",
        )
    data = paths.load(APP / "hospitals_app" / "hospital_data.py")
    source = _source(chosen.data)
    out = runner.prepare_output(chosen.out, source) if chosen.out else None
    everybody = data.consortium(source or None)
    print(everybody, flush=True)
    before = signal.signal(signal.SIGTERM, _stop)  # else Python would end without cleaning up
    try:
        settings = Settings(rounds=chosen.rounds, mu=chosen.mu, source=source)
        with deploy(len(NAMES), _say) as federation:
            if chosen.stranger:
                _say(f"a stranger knocks: refused ({federation.knock()})")
            lose = NAMES.index(chosen.lose) if chosen.lose else None
            if lose is not None:
                _say("a hospital will be lost; the SuperLink notices within about half a minute")
            outcome = federation.run(settings, _say, lose)
    finally:
        signal.signal(signal.SIGTERM, before)
    _results(outcome, everybody, out)
    return 0


def _results(outcome: Outcome, everybody: federated.Hospitals, out: Path | None) -> None:
    """Print the results, and write them if asked."""
    rows = everybody.all_test()
    scores = federated.predict(outcome.weights, everybody.x[rows])
    auc = metrics.auc(everybody.labels[rows], scores, everybody.patients[rows])
    names = ["".join(NAMES[k] for k in answered) for answered in outcome.answered]
    print(f"hospitals in each round's average: {', '.join(names)}")
    print(f"loss on training patients: {' '.join(f'{loss:.4f}' for loss in outcome.loss)}")
    print(f"AUC on the test patients of all hospitals: {auc}")
    print("All processes have ended; keys and certificates are gone.")
    if out is None:
        return
    result = {"loss": outcome.loss, "answered": outcome.answered, "auc": list(auc)}
    paths.write_text(out / "results.json", json.dumps(result, indent=1) + "\n")
    temporary = out / ".weights.npz"
    np.savez(temporary, *outcome.weights)
    os.replace(temporary, out / "weights.npz")
    print(f"Results: {out.resolve()}")


def _source(data: str | None) -> str:
    """Name the data source for processes that run in another folder."""
    chosen = data or os.environ.get("MEDTUTOR_DATA", "")
    return str(Path(chosen).expanduser().resolve()) if Path(chosen).exists() and chosen else chosen


def _say(text: str) -> None:
    print(text, flush=True)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(143)
