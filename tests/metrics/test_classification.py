import numpy as np
import pytest
from sklearn import metrics as sk

from medtutor import metrics
from medtutor.errors import DataError


@pytest.fixture
def scored():
    """Labels, scores with ties, and calls at 0.5."""
    rng = np.random.default_rng(5)
    labels = (rng.random(200) < 0.3).astype(int)
    scores = np.round(np.clip(0.4 * labels + rng.random(200) * 0.7, 0, 1), 1)
    return labels, scores, (scores >= 0.5).astype(int)


def test_the_rates_of_a_table_are_those_of_scikit_learn(scored):
    labels, _, called = scored
    table = metrics.confusion(labels, called)
    assert (table.tn, table.fp, table.fn, table.tp) == tuple(
        sk.confusion_matrix(labels, called).ravel()
    )
    assert table.sensitivity == pytest.approx(sk.recall_score(labels, called))
    assert table.specificity == pytest.approx(sk.recall_score(1 - labels, 1 - called))
    assert table.ppv == pytest.approx(sk.precision_score(labels, called))
    assert table.npv == pytest.approx(sk.precision_score(1 - labels, 1 - called))
    assert table.f1 == pytest.approx(sk.f1_score(labels, called))
    assert table.accuracy == pytest.approx(sk.accuracy_score(labels, called))


def test_a_rate_without_a_case_is_nan_and_not_zero():
    table = metrics.confusion(np.zeros(4, int), np.zeros(4, bool))
    assert np.isnan(table.sensitivity)
    assert np.isnan(table.ppv)
    assert table.specificity == 1


def test_a_table_of_scores_or_of_unequal_arrays_is_refused(scored):
    labels, scores, called = scored
    with pytest.raises(DataError, match="threshold"):
        metrics.confusion(labels, scores)
    with pytest.raises(DataError, match="labels but"):
        metrics.confusion(labels[1:], called)


def test_the_area_is_that_of_scikit_learn_ties_included():
    rng = np.random.default_rng(6)
    for size in (5, 40, 300):
        labels = np.arange(size) % 3 == 0
        scores = rng.integers(0, 6, size) / 5
        got = metrics.area_under_roc(labels, scores)
        assert got == pytest.approx(sk.roc_auc_score(labels, scores), abs=1e-12)


def test_a_score_of_nan_is_refused():
    with pytest.raises(DataError, match="a score is NaN"):
        metrics.area_under_roc(np.array([0, 1]), np.array([0.5, np.nan]))


def test_the_threshold_is_the_highest_that_reaches_the_sensitivity(scored):
    labels, scores, _ = scored
    for wanted in (0.05, 0.5, 0.9, 1.0):
        chosen = metrics.threshold_for(labels, scores, wanted)
        assert metrics.confusion(labels, scores >= chosen).sensitivity >= wanted
        higher = scores[scores > chosen]
        if len(higher):
            missed = metrics.confusion(labels, scores >= higher.min())
            assert missed.sensitivity < wanted


def test_no_threshold_finds_what_is_not_there(scored):
    labels, scores, _ = scored
    for y, wanted in ((0 * labels, 0.9), (labels, 0.0), (labels, 1.1)):
        with pytest.raises(DataError):
            metrics.threshold_for(y, scores, wanted)


def test_bayes_rule_at_the_prevalence_of_the_sample_gives_the_table_back(scored):
    labels, _, called = scored
    table = metrics.confusion(labels, called)
    ppv, npv = metrics.predictive_values(table.sensitivity, table.specificity, labels.mean())
    assert ppv == pytest.approx(table.ppv)
    assert npv == pytest.approx(table.npv)
    rare, _ = metrics.predictive_values(table.sensitivity, table.specificity, 0.01)
    assert rare < ppv


def test_the_curve_and_average_precision_are_those_of_scikit_learn(scored):
    labels, scores, _ = scored
    wrong, found, thresholds = metrics.roc_curve(labels, scores)
    for fpr, tpr, cut in zip(wrong, found, thresholds, strict=True):
        table = metrics.confusion(labels, scores >= cut)
        assert tpr == pytest.approx(table.sensitivity)
        assert fpr == pytest.approx(1 - table.specificity)
    precision, _ = metrics.predictive_values(found[1:], 1 - wrong[1:], labels.mean())
    average = metrics.average_precision(labels, scores)
    assert average == pytest.approx(sk.average_precision_score(labels, scores))
    assert np.sum(np.diff(found) * precision) == pytest.approx(average)
    assert np.isnan(metrics.average_precision(0 * labels, scores))
