"""What SECURITY.md promises of the code: no data that is opened can run, or reach a shell."""

import ast

import nbformat
import pytest

from medtutor import paths

ROOT = paths.root()
RUNS_DATA = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
# Calls by the end of their name; "" stands for a builtin.
FORBIDDEN = {
    *(("", "eval"), ("", "exec"), ("", "compile"), ("os", "system"), ("os", "popen")),
    *(("yaml", "load"), ("yaml", "unsafe_load"), ("yaml", "full_load"), ("pd", "read_pickle")),
    *(("tempfile", "mktemp"), ("config", "enable_unsafe_deserialization")),
}
# Keywords that a call must have, or must not have; NumPy and Keras are safe if nothing is said.
NEEDED = {("torch", "load"): {"weights_only": True}}
NEVER = {"allow_pickle": True, "safe_mode": False, "shell": True, "verify": False}


def found(source):
    """List what is forbidden in a piece of Python."""
    faults = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names]
            faults += [f"import {n}" for n in names if n.split(".")[0] in RUNS_DATA]
        if not isinstance(node, ast.Call):
            continue
        parts = ["", *ast.unparse(node.func).split(".")]
        name = (parts[-2], parts[-1])
        given = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        bad = name in FORBIDDEN or parts[-1] in ("extractall", "unpack_archive")
        bad |= any(given.get(k) is not v for k, v in NEEDED.get(name, {}).items())
        bad |= any(given.get(k) is v for k, v in NEVER.items())
        if bad:
            faults.append(ast.unparse(node))
    return faults


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "np.load(path, allow_pickle=True)",
        "read(path, allow_pickle=True)",
        "keras.saving.load_model(path, safe_mode=False)",
        "keras.config.enable_unsafe_deserialization()",
        "torch.load(path)",
        "yaml.load(text)",
        "eval(text)",
        "exec(text)",
        "subprocess.run(text, shell=True)",
        "os.system(text)",
        "requests.get(url, verify=False)",
        "archive.extractall(folder)",
    ],
)
def test_the_search_finds(code):
    assert found(code)


def test_the_search_lets_pass_what_is_safe():
    safe = "net.eval()(x); re.compile(a); model.compile(b); np.load(p, allow_pickle=False)"
    assert not found(safe + "; keras.models.load_model(p, safe_mode=True); subprocess.run([a])")


PYTHON = [
    path
    for folder in ("medtutor", "tools", "federation", "benchmarks", "data", "notebooks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def test_no_module_runs_what_it_reads():
    assert len(PYTHON) > 100
    faults = {path: found(path.read_text(encoding="utf-8")) for path in PYTHON}
    assert not {path.name: fault for path, fault in faults.items() if fault}


def test_no_lesson_runs_what_it_reads():
    faults = []
    for lesson in sorted(paths.notebooks().glob("*.ipynb")):
        for cell in nbformat.read(lesson, 4).cells:
            if cell.cell_type == "code":
                lines = cell.source.splitlines()
                code = "\n".join("pass" if x.lstrip()[:1] in ("%", "!") else x for x in lines)
                assert not any(line.lstrip().startswith("!") for line in lines), lesson.name
                faults += [(lesson.name, fault) for fault in found(code)]
    assert not faults


def test_the_promises_name_what_exists():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for file in ("tools/fuzz.py", "tools/kill.py", "tests/test_security.py", "tests/test_lab.py"):
        assert file in text
        assert (ROOT / file).is_file()
