import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.stats.groups import (
    clusters,
    crossed_membership,
    label,
    members,
    membership,
)


def test_labels_are_text_as_people_write_it():
    assert [label(value) for value in (None, True, 3, "x")] == ["(none)", "true", "3", "x"]


def test_lists_are_joined_and_objects_are_json():
    assert label(["red", 2, None]) == "red, 2, (none)"
    assert label([]) == "(none)"
    assert label({"kind": "é"}) == '{"kind": "é"}'


def test_members_come_largest_group_first_and_items_ascending():
    found = members(["b", "a", "b", "c", "b", "a"])
    assert list(found) == ["b", "a", "c"]
    assert found["b"].tolist() == [0, 2, 4]


def test_values_that_never_repeat_make_no_clusters():
    assert clusters(["i1", "i2", "i3"]) is None


def test_items_without_an_image_are_clusters_of_their_own():
    found = clusters(["i1", None, "i1", None])
    assert found is not None
    assert found[0] == found[2]
    assert len(np.unique(found)) == 3


def test_a_text_in_a_list_is_a_group_of_its_own():
    found = membership([["night", "indoor"], ["night", "night"], None, "crowd"])
    groups = dict(zip(found.names, map(list, found.items()), strict=True))
    assert groups == {"night": [0, 1], "(none)": [2], "crowd": [3], "indoor": [0]}
    assert next(iter(found.names)) == "night"  # the largest
    assert "each of its values" in found.how


def test_lists_of_numbers_stay_as_they_are_written():
    assert list(membership([[640, 480], [640, 480], [1, 2]]).names) == ["640, 480", "1, 2"]


def test_crossed_groups_share_a_group_in_every_part():
    gender = membership(["f", "m", "f", "f"])
    tags = membership([["a", "b"], ["a"], ["b"], None])
    found, names = crossed_membership([gender, tags], 4)
    groups = dict(zip(names, map(list, found.items()), strict=True))
    assert groups == {("f", "a"): [0], ("f", "b"): [0, 2], ("f", "(none)"): [3], ("m", "a"): [1]}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), min_size=1))
def test_crossing_is_the_intersection_of_both_groupings(pairs):
    left, right = zip(*pairs, strict=True)
    found, names = crossed_membership([membership(left), membership(right)], len(pairs))
    groups = dict(zip(names, map(list, found.items()), strict=True))
    assert groups == {
        pair: [i for i, other in enumerate(pairs) if other == pair] for pair in set(pairs)
    }
