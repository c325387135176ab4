import pytest

from medtutor.capstone.work import difference, with_width
from medtutor.types import Interval


def test_a_patient_with_many_images_counts_once():
    assert with_width(Interval(1, 1, 1), 1).low < 0.21
    assert with_width(Interval(0.5, 0.3, 0.7), 1) == Interval(0.5, 0.3, 0.7)


@pytest.mark.parametrize(
    ("gap", "more", "says"),
    [
        (Interval(0.1, -0.1, 0.3), True, "do not say"),
        (Interval(0.1, 0.1, 0.1), True, "no width"),
        (Interval(0.1, 0.05, 0.3), True, "a is better"),
        (Interval(0.1, 0.05, 0.3), False, "b is better"),
        (Interval(-0.1, -0.2, -0.05), True, "b is better"),
    ],
)
def test_a_difference_says_no_more_than_its_interval(gap, more, says):
    assert says in difference("a", "b", gap, more)
