import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtutor import splits
from medtutor.capstone import split as grouping


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=15),
        )
    )
)
def test_families_are_the_connected_parts(case):
    count, pairs = case
    reach = np.eye(count, dtype=bool)
    for i, j in pairs:
        reach[i, j] = reach[j, i] = True
    for _ in range(count):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    found = grouping.families(count, pairs)
    assert np.array_equal(found[:, None] == found, reach)


def test_patients_who_share_a_picture_become_one():
    who = np.array(["a", "b", "c", "a", "", ""])
    found = grouping.groups(who, [(3, 1), (4, 5)])
    assert found[0] == found[1] == found[3] != found[2]
    assert found[4] == found[5]
    assert found[4].startswith("unknown")


def test_a_joined_group_keeps_the_name_of_a_test_patient():
    tested = next(f"p{k}" for k in range(99) if splits.is_test_patient(f"p{k}"))
    taught = next(f"a{k}" for k in range(99) if not splits.is_test_patient(f"a{k}"))
    assert set(grouping.groups(np.array([taught, tested]), [(0, 1)])) == {tested}


def test_a_given_test_part_is_kept_and_what_leaks_is_left_out():
    who = np.array(["a", "b", "b", "c", "d", "e"])
    parts = np.array(["train", "train", "test", "val", "train", "test"])
    found = grouping.propose(who, [(0, 3)], parts)
    assert found.keep.tolist() == [2, 3, 4, 5]
    assert "2 samples are left out" in found.notes[-1]
    split = splits.by_patient(np.array([0, 1, 0, 1]), found.groups[found.keep], parts[found.keep])
    assert len(split.test) == 2


def test_missing_ids_are_said_loudly():
    (note,) = grouping.propose(np.array(["", "", ""]), [(0, 1)]).notes
    assert note.startswith("NO PATIENT IDS")
    assert "3 samples became 2 groups" in note
    (note,) = grouping.propose(np.array(["", *"abcdefgh"]), []).notes
    assert note.startswith("1 of 9 samples have no patient; each counts as a patient of its own")
    assert grouping.propose(np.array(list("abcd")), []).notes == ()


@pytest.mark.parametrize("given_parts", [None, np.array(["train"] * 3 + ["test"] * 3)])
def test_no_pair_is_torn(given_parts):
    pairs = [(0, 5), (1, 2)]
    found = grouping.propose(np.array([""] * 6), pairs, given_parts)
    for i, j in pairs:
        assert found.groups[i] == found.groups[j]


def test_a_search_that_joins_everything_is_not_believed():
    who = np.array([f"p{k // 2}" for k in range(40)])
    found = grouping.propose(who, [(k, k + 1) for k in range(39)])
    assert len(np.unique(found.groups)) == 20
    assert "nothing was joined" in found.notes[0]
