"""The page on the article sends its readers to headings that exist."""

import json
import re

import pytest

from medtutor import paths

PAGE = paths.root() / "book" / "article.md"
LINK = re.compile(
    r"\[lesson (\d\d)\]\(\.\./notebooks/((\d\d)_\w+\.ipynb)\)((?:,? (?:and )?\"[^\"]+\")*)"
)
LINKS = LINK.findall(PAGE.read_text("utf-8"))


@pytest.mark.parametrize(("said", "file", "number", "quoted"), LINKS)
def test_the_lesson_has_the_heading(said, file, number, quoted):
    cells = json.loads((paths.notebooks() / file).read_text("utf-8"))["cells"]
    text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    assert said == number
    for heading in re.findall('"([^"]+)"', quoted):
        assert f"\n## {heading}\n" in f"\n{text}\n"


def test_every_link_of_the_page_is_looked_at():
    assert len(LINKS) == PAGE.read_text("utf-8").count("](")
