import json

import pytest

from medtutor import ledger
from medtutor.errors import ClaimError


@pytest.fixture
def expected(monkeypatch):
    table = {"default": {"a.auc": [0.8, 0.9]}, "mitdb": {"a.auc": [0.1, 0.2]}}
    monkeypatch.setattr(ledger, "_expected", lambda: table)
    monkeypatch.delenv("MEDTUTOR_DATA", raising=False)
    monkeypatch.delenv(ledger.RESULTS, raising=False)


@pytest.mark.usefixtures("expected")
class TestRecord:
    def test_a_value_in_its_band_is_shown_with_its_interval(self, capsys):
        ledger.record("a.auc", 0.8512, 0.80, 0.90)
        assert capsys.readouterr().out == "a.auc = 0.851  (95 % CI 0.800 to 0.900)\n"

    @pytest.mark.parametrize("value", [0.79, 0.91, float("nan")])
    def test_a_value_outside_stops_the_lesson(self, value):
        with pytest.raises(ClaimError, match=r"a\.auc.*0\.8 to 0\.9.*medtutor doctor"):
            ledger.record("a.auc", value)

    def test_each_source_has_its_own_band(self, monkeypatch):
        monkeypatch.setenv("MEDTUTOR_DATA", "mitdb")
        ledger.record("a.auc", 0.15)
        with pytest.raises(ClaimError):
            ledger.record("a.auc", 0.85)

    def test_data_of_your_own_have_no_band(self, monkeypatch, capsys):
        monkeypatch.setenv("MEDTUTOR_DATA", "/somewhere/of/mine")
        ledger.record("a.auc", 0.2)
        assert "0.200" in capsys.readouterr().out

    def test_results_are_kept_even_when_the_claim_fails(self, monkeypatch, tmp_path):
        target = tmp_path / "results.json"
        monkeypatch.setenv(ledger.RESULTS, str(target))
        ledger.record("b.seconds", 12.5)
        ledger.record("c.mae", float("nan"), 0.5, 2.0, unit="bpm")
        with pytest.raises(ClaimError):
            ledger.record("a.auc", 0.5)
        assert json.loads(target.read_text()) == {
            "b.seconds": {"value": 12.5, "low": None, "high": None},
            "c.mae": {"value": None, "low": 0.5, "high": 2.0},
            "a.auc": {"value": 0.5, "low": None, "high": None},
        }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.91234, "0.912"),
        (1.386, "1.39"),
        (14.62, "14.6"),
        (813.0, "813"),
        (0.0, "0"),
        (-7.4e-7, "-7e-07"),
    ],
)
def test_three_significant_digits(value, text):
    assert ledger._digits(value) == text


def test_every_committed_band_is_in_order():
    for source in ("default", "mitdb", "nodulemnist3d", "organamnist"):
        for name, (low, high) in ledger.bands(source).items():
            assert low <= high, name  # a count may have to be exact
