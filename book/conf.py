"""The site: `make book` builds it from the lessons as they are stored; nothing is executed.

The source folder is the project's own, so that the links between lessons, README and pages hold as
they stand. Pages take what is written elsewhere by a marker ``<!-- site: name -->``: a text has one
home. With ``MEDTUTOR_LANG=zh`` each page is translated as it is read, by the catalogues that the
learner's copies take; what the code prints and the reference of the API stay English.
"""

import json
import re
import tomllib
from base64 import b64decode
from functools import cache
from hashlib import sha256
from importlib.metadata import files
from pathlib import Path

import jieba
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search.zh import SearchChinese

from medtutor import __version__, cli, paths
from medtutor.language import catalogue, in_use, notebook, translate

ROOT = Path(__file__).resolve().parents[1]
store = paths.load(ROOT / "tools" / "store.py")
MATHJAX = next(f.locate() for f in files("sphinx-mathjax-offline") or [] if f.name == "tex-svg.js")

LANGUAGE = in_use()
TOLD = {**catalogue("medtutor", LANGUAGE), **catalogue("book", LANGUAGE)}

jieba.setLogLevel("ERROR")
# Sphinx 9.0 ships English's stemmer for Chinese pages and then calls it by the wrong name.
SearchChinese.language_name = "English"

project = "medtutor"
language = LANGUAGE
author = "The medtutor authors"
copyright = author
release = version = __version__
extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
root_doc = "book/index"
include_patterns = [
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "book/*.md",
    "book/teach/*.md",
    "data/README.md",
    "notebooks/[0-9][0-9]_*.ipynb",
]
exclude_patterns = [".*", "book/_build"]

nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "dollarmath", "linkify"]
myst_linkify_fuzzy_links = False
myst_heading_anchors = 3
default_role = "code"
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "sphinx_book_theme"
html_title = "medtutor"
templates_path = ["templates"]
html_static_path = ["static", str(MATHJAX)]
html_css_files = ["site.css"]
html_extra_path = ["first"]
html_use_index = html_domain_indices = False
html_show_search_summary = False  # browsers do not let a page from the file system fetch another
html_theme_options = {
    "article_header_end": ["switch", "article-header-buttons"],
    "collapse_navbar": True,  # the theme's arrows that open a branch have no name for ears
    "home_page_in_toc": True,
    "navbar_persistent": [],  # the search stands at the side already
    "show_toc_level": 2,
    "use_fullscreen_button": False,
}
html_context = {"default_mode": "auto"}
mathjax_path = MATHJAX.name

SAYS = [  # time and what is needed, in the first cell of a lesson, in both languages
    r"\*\*Time:\*\* (?P<read>\d+) minutes to read, (?P<run>\d+) seconds.*"
    r"\*\*You need first:\*\* (?P<needs>[^.]+?)\.(?:\s|$)",
    r"\*\*用时\*\*\s*：阅读 (?P<read>\d+) 分钟，运行 (?P<run>\d+) 秒.*"  # noqa: RUF001
    r"\*\*先修\*\*\s*：(?P<needs>[^。]+)",  # noqa: RUF001
]
MARKER = re.compile(r"<!-- site: ([\w ]+) -->")
TERM = re.compile(
    r"^(?P<names>(?:[^\s`].*\n)+)  .+\[[^]]+\]\(\.\./notebooks/(?P<lesson>\d\d)_", re.M
)
figures_in_words: dict[str, str] = {}  # by the hash of the picture


def tell(text: str) -> str:
    """Give a text of this file in the reader's language."""
    return TOLD.get(text, text)


def readme(start: str, end: str) -> str:
    """Take the part of the README between two of its lines, with links as seen from `book/`."""
    text = (ROOT / "README.md").read_text("utf-8")
    text = translate(text[text.index(start) : text.index(end)].split("\n", 2)[2], TOLD)
    return re.sub(r"\]\((?!\w+:)", "](../", text)


def lessons() -> dict[str, list[dict[str, str]]]:
    """Read of each lesson what its first cell says, by the parts of the course."""
    parts: dict[str, list[dict[str, str]]] = {}
    for file in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        first = "".join(json.loads(file.read_text("utf-8"))["cells"][0]["source"])
        first = translate(first, catalogue(file.name[:2], LANGUAGE))
        first = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", first)
        head = r"# (?P<number>\d\d) · (?P<title>.+)\n\*(?P<promise>[^*]+)\*.*"
        tried = (re.search(head + tail, first, re.S) for tail in SAYS)
        said = next(filter(None, tried), None)
        if not said:
            raise ValueError(f"{file.name}: the first cell lacks title, time or what is needed")
        if file.name[:2] in store.PARTS:
            part = parts.setdefault(tell(store.PARTS[file.name[:2]]), [])
        part.append({k: " ".join(v.split()) for k, v in said.groupdict().items()})
        part[-1]["file"] = file.name
    return parts


def lesson_table() -> str:
    """List the lessons with what they need, part by part, with the hours of reading."""
    parts = lessons()
    files_of = {x["number"]: x["file"] for part in parts.values() for x in part}
    text = []
    for title, part in parts.items():
        hours = sum(int(x["read"]) for x in part) / 60
        text.append(f"\n## {title}\n\n{hours:.1f} {tell('hours.')}\n")
        text.append(tell("| lesson | what it does | you need first | read, min | run, s |"))
        text.append("|---|---|---|---|---|")
        for x in part:
            needs = re.sub(
                r"\b\d\d\b", lambda m: f"[{m[0]}](../notebooks/{files_of[m[0]]})", x["needs"]
            )
            text.append(
                f"| [{x['number']} · {x['title']}](../notebooks/{x['file']}) | {x['promise']} "
                f"| {needs} | {x['read']} | {x['run']} |"
            )
    return "\n".join(text)


def contents() -> str:
    """List the lessons for the side of every page."""
    return "\n".join(
        f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n"
        + "\n".join(f"/notebooks/{x['file']}" for x in part)
        + "\n```\n"
        for title, part in lessons().items()
    )


def registry() -> str:
    """List the data sources with licence, size and citation."""
    rows = [tell("| source | files | MB | licence | cite |"), "|---|---|---|---|---|"]
    for name, entry in tomllib.loads((ROOT / "data/registry.toml").read_text("utf-8")).items():
        sizes = [f.get("size") for f in entry["files"]]
        size = f"{sum(sizes) / 1e6:.3g}" if all(sizes) else tell("in a library")
        anchor = re.sub(r"[^\w -]", "", tell(entry["card"]).lower()).replace(" ", "-")
        rows.append(
            f"| [{name}](../data/README.md#{anchor}): {tell(entry['title'])} "
            f"| {len(entry['files'])} | {size} | {entry['licence']} | {entry['citation']} |"
        )
    return "\n".join(rows)


def real() -> str:
    """Show what the lessons said of real patients' data, as `tools/real.py` has stored it."""
    kept = json.loads((ROOT / "book/real.json").read_text("utf-8"))
    used = ", ".join(f"{name} {release}" for name, release in kept["libraries"].items())
    text = [f"{kept['date']}; {used}."]
    for run in kept["runs"]:
        task = f" --task {run['task']}" if run["task"] else ""
        people = run.get("people", [])
        folds = tell(", run until everybody was tested once") if people else ""
        text.append(f"\n## `medtutor run {run['lesson']} --data {run['data']}{task}`{folds}\n")
        text.append(f"{run['seconds']} s. {run['failure']}\n")
        text.append(tell("| result | value | 95 % interval |"))
        text.append("|---|---|---|")
        for name, each in run["results"].items():
            value, low, high = (
                "" if each[k] is None else f"{each[k]:.3g}" for k in ("value", "low", "high")
            )
            text.append(f"| `{name}` | {value} | {low}{' – ' * bool(low)}{high} |")  # noqa: RUF001
        if people:
            text += ["", tell("| person | V | found | N called V | S called V | F called V |")]
            text.append("|---|---|---|---|---|---|")
            text += ["| " + " | ".join(map(str, row.values())) + " |" for row in people]
    return "\n".join(text)


def commands() -> str:
    """Show what the command line says of itself."""
    return f"```text\n{cli._parser().format_help()}```"


def citation() -> str:
    """Show the file that citation managers read."""
    return f"```yaml\n{(ROOT / 'CITATION.cff').read_text('utf-8')}```"


@cache
def terms() -> list[tuple[list[str], str]]:
    """Words of the glossary, each with its other forms and the lesson that teaches it."""
    text = translate((ROOT / "book/glossary.md").read_text("utf-8"), TOLD)
    return [(m["names"].splitlines(), m["lesson"]) for m in TERM.finditer(text)]


def foot(number: str, text: str) -> str:
    """Close a lesson with the words of the glossary that it teaches and those that it uses."""
    text = " ".join(text.lower().split())
    taught = [names[0] for names, lesson in terms() if lesson == number]
    used = [
        names[0]
        for names, lesson in terms()
        if lesson != number and any(spoken(name.lower(), text) for name in names)
    ]
    lines = [f"## {tell('Words in the glossary')}"]
    for title, chosen in {"Taught here:": taught, "Used here:": used}.items():
        if chosen:
            lines.append(f"**{tell(title)}** " + ", ".join(f"{{term}}`{t}`" for t in chosen) + ".")
    return "\n\n".join(lines)


def spoken(name: str, text: str) -> bool:
    """Tell whether a lesson uses a word; Chinese has no spaces that would mark its ends."""
    if not name.isascii():
        return name in text
    return re.search(rf"(?<![a-z]){re.escape(name)}(?:e?s)?(?![a-z])", text) is not None


MAKERS = {
    "start": lambda: readme("# medtutor", "## Lessons"),
    "own data": lambda: readme("## Use your own data", "## Teach with it"),
    "lessons": lesson_table,
    "contents": contents,
    "registry": registry,
    "real": real,
    "commands": commands,
    "citation": citation,
}


def fill(app: Sphinx, page: str, source: list[str]) -> None:
    """Put into a page what its markers name, and under a lesson its words."""
    if page.startswith("notebooks/"):
        book = json.loads(notebook(ROOT / f"{page}.ipynb", LANGUAGE))
        text = "\n".join(
            "".join(c["source"]) for c in book["cells"] if c["cell_type"] == "markdown"
        )
        words = foot(page.split("/")[1][:2], text)
        book["cells"].append(
            {"cell_type": "markdown", "id": "words", "metadata": {}, "source": words}
        )
        for output in (o for c in book["cells"] for o in c.get("outputs", [])):
            shown = output.get("data", {})
            if "image/png" in shown:
                picture = sha256(b64decode("".join(shown["image/png"]))).hexdigest()
                figures_in_words[picture] = output["metadata"]["image/png"]["alt"]
            if "text/markdown" in shown:  # links in what a cell shows are taken as they stand
                text = "".join(shown["text/markdown"])
                shown["text/markdown"] = re.sub(r"(\]\(\d\d_\w+\.)ipynb", r"\1html", text)
        source[0] = json.dumps(book)
    else:
        told = translate(source[0], TOLD)
        told = re.sub("(?<=:caption: ).+", lambda m: tell(m[0]), told)
        source[0] = MARKER.sub(lambda m: MAKERS[m[1]](), told)


def speak(app: Sphinx, page: nodes.document) -> None:
    """Give figures their words, which MyST-NB drops; it names their files by their hash."""
    for image in page.findall(nodes.image):
        words = figures_in_words.get(Path(image["uri"]).stem)
        if words:
            image["alt"] = words


def setup(app: Sphinx) -> None:
    """Tell Sphinx what to call, and the search which words are the field's own."""
    for name in (name for names, _ in terms() for name in names if not name.isascii()):
        jieba.add_word(name)
    app.connect("source-read", fill)
    app.connect("doctree-read", speak)
