"""Clean up after a federation, whatever becomes of the process that started it.

Run by its path, with a mark and a folder: ``python guard.py MARK FOLDER``. It waits until its
standard input ends, which happens when the starter closes it or dies, even by SIGKILL. Then it ends
every process of this user that carries the mark in its environment, and removes the folder.
"""

import shutil
import sys
import time

import psutil

MARK = "MEDTUTOR_FEDERATION"  # environment variable that all processes of a federation inherit


def family(mark: str) -> list[psutil.Process]:
    """Find the processes that carry a mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.append(process)
        except (psutil.Error, OSError):  # another user's, or just gone
            continue
    return found


def sweep(mark: str, seconds: float = 20.0) -> None:
    """End all processes that carry a mark: asked first, then killed, until there are none."""
    end = time.monotonic() + seconds
    asked: set[int] = set()
    while (there := family(mark)) and time.monotonic() < end:
        for process in there:
            try:
                process.kill() if process.pid in asked else process.terminate()
            except psutil.Error:
                continue
            asked.add(process.pid)
        psutil.wait_procs(there, timeout=2)


def main() -> None:
    """Wait, then sweep."""
    mark, folder = sys.argv[1:3]
    sys.stdin.read()
    sweep(mark)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
