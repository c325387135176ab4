"""Find, watch and end the processes that a federation starts."""

import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from medtutor.errors import MedtutorError

HOST = "127.0.0.1"


def free_port() -> int:
    """Find a port on 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """Find a program of Flower beside this Python."""
    folder = Path(sys.executable).parent
    for candidate in (folder / name, folder / f"{name}.exe"):
        if candidate.exists():
            return str(candidate)
    raise MedtutorError(
        f"the program {name} is not installed", remedy="Install the course again: it brings Flower."
    )


def tree(process: subprocess.Popen) -> list[psutil.Process]:
    """List a process and all that it started."""
    try:
        head = psutil.Process(process.pid)
        return [head, *head.children(recursive=True)]
    except psutil.Error:
        return []


def command(process: psutil.Process) -> str:
    """Give the command line of a process; empty if it is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def end(processes: Sequence[subprocess.Popen], gently: bool = True) -> None:
    """End processes with all that they started; what has not gone after some seconds is killed."""
    family = [one for process in processes for one in tree(process)]
    for asked in [True, False] if gently else [False]:
        for one in family:
            try:
                one.terminate() if asked else one.kill()
            except psutil.Error:
                continue
        _, family = psutil.wait_procs(family, timeout=3 if asked else 30)
    for process in processes:
        process.wait()


def answers(process: subprocess.Popen, port: int, seconds: float) -> bool:
    """Wait until a server takes connections; False if it ended instead, or time is up."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and process.poll() is None:
        try:
            with socket.create_connection((HOST, port), timeout=1):
                return True
        except OSError:
            time.sleep(0.1)
    return False
