import numpy as np

from vlmeval_cli.stats.groups import clusters, label, members


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
