"""Repairs of ids: what helps, and what is refused because it confuses ids."""

import pytest

from vlmeval_cli.joining.repairs import best_fix


@pytest.mark.parametrize(
    ("mine", "theirs", "description"),
    [
        (["val/a.jpg", "val/b.jpg"], ["a.jpg", "b.jpg"], "strip the directory"),
        (["C:\\x\\a", "C:\\x\\b"], ["a", "b"], "strip the directory"),
        (["a.jpg", "b.jpg"], ["a", "b"], "strip the extension"),
        (["a.jpg", "b.jpg"], ["a.png", "b.png"], "strip the extension"),
        (["1.0", "20.00"], ["1", "20"], "write 7.0 as 7"),
        (["001", "010"], ["1", "10"], "strip zero padding"),
        (["IMG_A", "img_B"], ["img_a", "img_b"], "ignore upper and lower case"),
        (["q_12", "q_13"], ["12", "13"], "keep the number at the end"),
        (["val/a.jpg", "val/b.jpg"], ["a", "b"], "strip the directory, strip the extension"),
        (["x/0.png", "x/07"], ["0", "7"], "strip the extension, keep the number at the end"),
    ],
)
def test_each_step_and_combination_is_found_with_the_fewest_steps(mine, theirs, description):
    fix = best_fix(mine, theirs)
    assert fix.repair.description == description
    assert fix.repair.matched_more == len(theirs)
    assert fix.repair.examples[0] == (mine[0], theirs[0])
    assert not fix.repair.applied


def test_file_names_of_coco_meet_image_ids():
    fix = best_fix(["COCO_val2014_000000391895.jpg"], ["391895"])
    assert fix("COCO_val2014_000000391895.jpg") == "391895"
    assert fix.repair.description == "strip the extension, keep the number at the end"


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (["a/1", "b/1"], ["1", "2"]),  # two predictions would have the same id
        (["1"], ["01", "001"]),
        (["cat"], ["dog"]),
        (["a"], ["a"]),
        ([], ["a"]),
        (["001", "2"], ["001", "2", "03"]),  # each prediction has its reference already
        (["001", "2", "03"], ["001", "2"]),
    ],
)
def test_a_repair_that_helps_nothing_or_confuses_ids_is_not_offered(mine, theirs):
    assert best_fix(mine, theirs) is None


def test_ids_that_match_already_keep_matching():
    fix = best_fix(["a", "b.jpg"], ["a", "b"])
    assert fix.repair.matched_more == 1
    assert fix("a") == "a"
