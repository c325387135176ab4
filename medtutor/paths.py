"""Where the course's own files are: the only place that knows."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_HERE = Path(__file__).resolve().parent


def root() -> Path:
    """Find the folder of `notebooks/` and `data/`: above the package, in a wheel inside of it."""
    return _HERE.parent if (_HERE.parent / "notebooks").is_dir() else _HERE / "_course"


def notebooks() -> Path:
    """Folder of the lessons."""
    return root() / "notebooks"


def data() -> Path:
    """Folder of the bundled data and their cards."""
    return root() / "data"


def workspace() -> Path:
    """Folder of the learner's own copies and progress (`MEDTUTOR_WORKSPACE` moves it)."""
    chosen = os.environ.get("MEDTUTOR_WORKSPACE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    home = root()
    return (home if home == _HERE.parent else Path.cwd()) / "my-lessons"


def load(path: Path) -> ModuleType:
    """Import a Python file of the course that lies beside the lessons, once."""
    name = f"medtutor_{path.parent.name}_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def write_text(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all."""
    # A name of a file that is not UTF-8 stays readable, and costs nobody the rest.
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    with appears(path) as place:
        place.write_bytes(content)


@contextmanager
def appears(target: Path) -> Iterator[Path]:
    """Give a place that nobody else sees; the file or folder made there moves to `target` whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".medtutor-") as room:
        yield Path(room, target.name)
        if Path(room, target.name).exists():
            os.replace(Path(room, target.name), target)
