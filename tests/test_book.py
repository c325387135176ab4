"""The site's pages lead somewhere, and its words are taught; nothing is built here."""

import json
import re
import tomllib
from functools import cache

import pytest
import yaml

from medtutor import __version__, paths

ROOT = paths.root()
BOOK = ROOT / "book"
PAGES = sorted(BOOK.glob("*.md")) + [ROOT / f for f in ("CONTRIBUTING.md", "CHANGELOG.md")]
LESSONS = {p.name: p for p in sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))}
ARTICLE = (BOOK / "article.md").read_text("utf-8")
LINK = re.compile(
    r"\[lesson (\d\d)\]\(\.\./notebooks/((\d\d)_\w+\.ipynb)\)((?:,? (?:and )?\"[^\"]+\")*)"
)
TERM = re.compile(r"^((?:[^\s`].*\n)+)  (.+) \[lesson (\d\d)\]\(\.\./notebooks/(\d\d)_", re.M)
TERMS = TERM.findall((BOOK / "glossary.md").read_text("utf-8"))


@cache
def markdown(file: str) -> str:
    cells = json.loads(LESSONS[file].read_text("utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.mark.parametrize(("said", "file", "number", "quoted"), LINK.findall(ARTICLE))
def test_the_lesson_has_the_heading(said, file, number, quoted):
    assert said == number
    for heading in re.findall('"([^"]+)"', quoted):
        assert f"\n## {heading}\n" in f"\n{markdown(file)}\n"


def test_every_link_of_the_page_is_looked_at():
    assert len(LINK.findall(ARTICLE)) == ARTICLE.count("](")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_links_of_a_page_lead_somewhere(page):
    for link in re.findall(r"\]\((?!\w+:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / link).exists(), link


def test_every_page_stands_in_the_contents():
    index = (BOOK / "index.md").read_text("utf-8")
    listed = {
        line
        for block in re.findall(r"```\{toctree\}(.*?)```", index, re.S)
        for line in block.split()
    }
    assert {p.stem for p in BOOK.glob("*.md")} - {"index"} <= listed
    assert {"../CONTRIBUTING", "../CHANGELOG", "../CODE_OF_CONDUCT", "../data/README"} <= listed


def test_the_glossary_is_sorted_and_each_word_has_its_lesson():
    names = [forms.splitlines()[0].lower() for forms, *_ in TERMS]
    assert len(names) >= 80
    assert names == sorted(names)
    assert len(TERMS) == (BOOK / "glossary.md").read_text("utf-8").count("[lesson ")
    every = [form for forms, *_ in TERMS for form in forms.splitlines()]
    assert len(set(every)) == len(every)
    for forms, text, said, number in TERMS:
        assert said == number, forms
        assert len(text) <= 240, f"{forms}: say it shorter"


def test_what_a_page_takes_from_elsewhere_is_there():
    """Markers and headings that `conf.py` looks for."""
    conf = (BOOK / "conf.py").read_text("utf-8")
    made = set(re.findall(r'^    "([\w ]+)": ', conf.partition("MAKERS = ")[2], re.MULTILINE))
    used = {m for p in PAGES for m in re.findall(r"<!-- site: ([\w ]+) -->", p.read_text("utf-8"))}
    assert used == made
    readme = (ROOT / "README.md").read_text("utf-8")
    for ends in re.findall(r'readme\("([^"]+)", "([^"]+)"\)', conf):
        assert all(f"\n{heading}" in f"\n{readme}" for heading in ends)


@pytest.mark.parametrize("file", LESSONS)
def test_a_lesson_says_what_the_table_of_lessons_needs(file):
    first = "".join(json.loads(LESSONS[file].read_text("utf-8"))["cells"][0]["source"])
    assert re.search(rf"^# {file[:2]} · .+\n\*[^*]+\*", first)
    assert re.search(r"\*\*Time:\*\* \d+ minutes to read, \d+ seconds", first)
    assert re.search(r"\*\*You need first:\*\* [^.]+\.", first)


def test_the_release_is_the_same_everywhere():
    cite = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(cite)  # what the schema requires
    assert cite["version"] == __version__
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## (\S+) - (\S+)$", changes, re.MULTILINE)
    assert newest
    assert newest.groups() == (__version__, cite["date-released"])


def test_the_workflow_proves_on_three_systems():
    text = (ROOT / ".github/workflows/test.yml").read_text("utf-8")
    job = yaml.safe_load(text)["jobs"]["test"]
    systems = {name.split("-")[0] for name in job["strategy"]["matrix"]["os"]}
    assert systems == {"ubuntu", "macos", "windows"}
    assert any("make test" in step.get("run", "") for step in job["steps"])
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for python in job["strategy"]["matrix"]["python"]:
        assert f"Python :: {python}" in " ".join(wanted["classifiers"])


def test_the_commands_for_contributors_exist():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = re.findall(r"(?:^|`)make ([a-z]+)", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M)
    assert {"test", "book", "browse"} <= set(named) <= set(targets)
