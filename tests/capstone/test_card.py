import base64
import csv
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from medtutor import datasets, splits
from medtutor.capstone import card
from medtutor.capstone import split as grouping
from medtutor.capstone.pictures import Pictures
from medtutor.types import Flag

NASTY = '<script>alert("x")</script> | `a` [b](http://x) \n# c\u202e'


class Page(HTMLParser):
    """Collect tags, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    "form",
    [
        "# {0}\n",
        "{0}\n",
        "- {0}\n",
        "| {0} | x |\n|---|---|\n| {0} | {0} |\n",
        "![{0}](figure_1.png)\n",
    ],
)
def test_nothing_from_the_data_becomes_markup(form):
    text = form.format(card.escaped(NASTY))
    page = Page(card.page(text, [card.CardPicture(b"png", NASTY, NASTY)]))
    assert "script" not in page.tags
    assert "a" not in page.tags
    seen = page.text + " ".join(value or "" for name, value in page.attributes if name == "alt")
    assert "alert" in seen
    assert "\u202e" not in seen
    for name, value in page.attributes:
        assert name not in ("onerror", "onload", "href")
        if name == "src":
            assert value.startswith("data:image/png;base64,")
    assert "<" not in text.replace("&lt;", "")
    assert not re.search(r"(?<!\\)\]\(http", text)
    assert page.tags.count("table") == form.count("---|---")
    assert page.tags.count("td") == 2 * form.count("---|---")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, train_pictures):
    """A network trained for a moment: the card does not care how good it is."""
    data = datasets.load_ct("default").take(np.arange(160))
    work = Pictures(data)
    flags, doubles = work.inspect()
    proposal = grouping.propose(work.patients, [(d.first, d.second) for d in doubles])
    split = splits.by_patient(work.labels, proposal.groups, class_names=work.class_names)
    train_pictures(work, split)
    outcome = work.test(split, proposal.groups)
    folder = tmp_path_factory.mktemp("card")
    flags = [*flags, Flag("=1+1", "padding", "made up"), Flag(NASTY, "shortcut", NASTY)]
    pictures = work.explain(split)
    made = card.fill(work, split, outcome, flags, proposal.notes, pictures, 1e-7)
    return (
        work,
        split,
        outcome,
        made,
        folder,
        card.write(made, folder, work, pictures, flags, split),
    )


def test_the_card_has_every_part_and_every_number(trained):
    _, split, outcome, _, folder, _ = trained
    text = (folder / "model_card.md").read_text()
    page = Page((folder / "model_card.html").read_text())
    for heading in (
        "Model",
        "Intended use",
        "Uses that are out of scope",
        "Data",
        "Inspection",
        "Split ledger",
        "Results on the test part",
        "Limits",
    ):
        assert f"## {heading}" in text
        assert heading in page.text
    assert text.splitlines()[2].startswith("Not for clinical use")
    assert "simulated" in text[text.index("## Limits") :]
    names = {score.name for score in outcome.scores}
    assert names == {
        "own.test.accuracy",
        "own.baseline.accuracy",
        "own.test.auc",
        "own.baseline.auc",
    }
    for score in outcome.scores:
        assert f"{score.interval.value:.3f}" in text
        assert f"{score.interval.low:.3f} to {score.interval.high:.3f}" in page.text
    assert f"| test | {len(np.unique(split.patients[split.test]))} | {len(split.test)} |" in text


def test_no_patient_is_named_in_the_card(trained):
    work, _, _, _, folder, _ = trained
    for name in ("model_card.md", "model_card.html"):
        text = (folder / name).read_text()
        assert not [p for p in np.unique(work.patients) if str(p) in text]


def test_the_page_loads_nothing(trained):
    page = (trained[4] / "model_card.html").read_text()
    assert "default-src 'none'" in page
    assert "http:" not in page.replace("[b](http://x)", "")  # a word of the data, no link
    assert "https:" not in page
    assert "href" not in page
    assert "<script" not in page
    assert page.count('src="data:image/png;base64,') == 1
    assert 'class="warning"' in page


def test_the_tables_are_whole_and_harmless(trained):
    _, split, _, _, folder, names = trained
    assert sorted(names) == sorted(file.name for file in folder.iterdir())
    with (folder / "findings.csv").open() as file:
        assert list(csv.reader(file))[-2][0] == "'=1+1"
    with (folder / "split.csv").open() as file:
        rows = list(csv.DictReader(file))
    tested = {row["file"] for row in rows if row["part"] == "test"}
    assert tested == {trained[0].data.files[k] for k in split.test}


def test_no_patient_is_shown_in_a_card_on_real_data(trained, tmp_path):
    work, split, outcome, *_ = trained
    real = replace(work, data=replace(work.data, simulated=False))
    counts = card.CardPicture(b"counts", "counts", "counts")
    pictures = [card.CardPicture(b"somebody", "a face", "a face", of_patients=True), counts]
    made = card.fill(real, split, outcome, [], [], pictures, 1e-7)
    names = card.write(made, tmp_path, real, pictures, [], split)
    assert [name for name in names if name.endswith("png")] == ["figure_1.png"]
    assert (tmp_path / "figure_1.png").read_bytes() == b"counts"
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"face" not in everything
    assert base64.b64encode(b"somebody") not in everything
    assert "not in this card" in made


def test_the_card_warns_of_what_weights_give_away(trained):
    assert "Weights can give away" in trained[3]


def test_pictures_are_explained_and_exported(trained, tmp_path):
    from medtutor import export

    work, split, *_ = trained
    (example,) = work.explain(split)
    assert example.png[:4] == b"\x89PNG"
    share, chance = work.inside(split)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert 0 < chance < 0.5
    x = work.inputs(split.test[:8])
    file = export.to_onnx(work.model, tmp_path / "model.onnx", x)
    assert export.gap(work.model.predict(x, verbose=0), export.Session(file)(x)) < 1e-5


def test_unknown_patients_and_few_of_them_are_limits(trained):
    work = trained[0]
    samples = len(work.patients)
    said = " ".join(card.limits(work, unknown=samples, people=12))
    assert "not known" in said
    assert "Only 12 patients" in said
    said = " ".join(card.limits(work, unknown=4, people=80))
    assert f"4 of {samples} samples have no patient" in said
    assert "too good" in said  # as far as their patients are in two parts
    assert "not known" not in said  # of the others it is known
    assert "Only" not in said
    assert "samples have no" not in " ".join(card.limits(work, unknown=0, people=80))
