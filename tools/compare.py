"""Run every lesson and compare it with its stored outputs: part of ``make test``.

This is nbval, made quick in two ways. The longest lessons begin, so that no core waits at the end.
And kernels find the libraries imported: to import TensorFlow takes a kernel longer than many a
lesson computes, so one process imports it once, and each kernel named ``warm`` is a fork of that
process, with a namespace, a connection and a folder of its own. The socket that gives kernels lies
in a folder of this user. Where a process with these libraries cannot be forked safely (all but
Linux), ``warm`` names an ordinary kernel. `make course`, `make notebooks` and `medtutor run` begin
as a learner does, from nothing.
"""

import contextlib
import importlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from medtutor import paths

PYTEST = (
    *("-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"),
    *("--nbval", "--nbval-kernel-name=warm", "--nbval-cell-timeout=600"),
)
SOCKET = "MEDTUTOR_WARM_SOCKET"
LIBRARIES = ("keras", "matplotlib.pyplot", "scipy.stats", "sklearn.ensemble", "pydicom", "wfdb")
INLINE = "module://matplotlib_inline.backend_inline"  # as a kernel sets it before the import


def main(options: list[str]) -> int:
    """Run pytest with nbval over all lessons; `options` go to pytest."""
    forks = sys.platform == "linux"
    with tempfile.TemporaryDirectory() as folder:
        launcher = [str(Path(__file__).resolve()), "--kernel"] if forks else ["-m", "ipykernel"]
        argv = [sys.executable, *launcher, "-f", "{connection_file}"]
        spec = Path(folder) / "kernels" / "warm" / "kernel.json"
        spec.parent.mkdir(parents=True)
        spec.write_text(json.dumps({"argv": argv, "display_name": "warm", "language": "python"}))
        environment = {**os.environ, "JUPYTER_PATH": folder, SOCKET: f"{folder}/socket"}
        environment["MEDTUTOR_LANG"] = "en"  # as the stored outputs are
        command = [sys.executable, "-m", "pytest", *PYTEST, *options, *longest_first()]
        with server(environment) if forks else contextlib.nullcontext():
            return subprocess.run(command, env=environment).returncode


def longest_first() -> list[str]:
    """Paths of the lessons, by the seconds that each says it runs."""

    def seconds(lesson: Path) -> int:
        said = re.search(r"(\d+) seconds to run", lesson.read_text(encoding="utf-8"))
        return -int(said[1]) if said else 0

    return [str(lesson) for lesson in sorted(paths.notebooks().glob("[0-9]*.ipynb"), key=seconds)]


@contextlib.contextmanager
def server(environment: dict[str, str]) -> Iterator[None]:
    """Keep a process that imports the libraries; who asks it meanwhile waits."""
    with tempfile.TemporaryFile("w+") as log:  # TensorFlow remarks on missing GPUs
        serving = [sys.executable, __file__, "--serve"]
        process = subprocess.Popen(serving, env=environment, stdout=subprocess.PIPE, stderr=log)
        try:
            if process.stdout:
                process.stdout.readline()  # it listens, or it has ended
            yield
        finally:
            if process.poll() is not None:  # before its time
                log.seek(0)
                print(log.read(), file=sys.stderr)
            process.terminate()
            process.wait()


def serve() -> None:
    """Import the libraries once; then fork a kernel for each launcher that asks."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.environ[SOCKET])
    listener.listen()
    print("listening", flush=True)
    from medtutor.lesson import begin

    os.environ["MPLBACKEND"] = INLINE
    with contextlib.redirect_stdout(io.StringIO()):
        begin("00")  # the settings that every lesson makes before it imports
    for library in (*LIBRARIES, "ipykernel.kernelapp"):
        importlib.import_module(library)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the kernels
    while True:
        launcher, _ = listener.accept()
        asked, streams, *_ = socket.recv_fds(launcher, 1_000_000, 3)
        if os.fork() == 0:
            listener.close()
            become_kernel(launcher, json.loads(asked), streams)
        for stream in streams:
            os.close(stream)
        launcher.close()


def become_kernel(launcher: socket.socket, asked: dict[str, Any], streams: list[int]) -> None:
    """Take the launcher's streams, folder and environment, and run as its kernel."""
    from ipykernel import kernelapp

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    launcher.send(str(os.getpid()).encode())

    def end_with_launcher() -> None:
        launcher.recv(1)  # returns when the launcher is gone
        os._exit(1)

    threading.Thread(target=end_with_launcher, daemon=True).start()
    sys.argv = asked["arguments"]
    try:
        kernelapp.launch_new_instance()
    finally:
        os._exit(0)


def launch() -> None:
    """Stand for a forked kernel: ask for it, pass interrupts on, end when it ends."""
    kernel = socket.socket(socket.AF_UNIX)
    kernel.connect(os.environ[SOCKET])
    asked = {"folder": os.getcwd(), "environment": dict(os.environ), "arguments": sys.argv[1:]}
    socket.send_fds(kernel, [json.dumps(asked).encode()], [0, 1, 2])
    process = int(kernel.recv(20))
    signal.signal(signal.SIGINT, lambda *_: os.kill(process, signal.SIGINT))
    kernel.recv(1)  # returns when the kernel is gone


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve()
    elif sys.argv[1:2] == ["--kernel"]:
        launch()
    else:
        sys.exit(main(sys.argv[1:]))
