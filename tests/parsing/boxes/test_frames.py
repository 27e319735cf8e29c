"""The frame of a file is told from its numbers and the sizes of its images, or not at all."""

import random

import numpy as np
import pytest
from box_answers import boxes_of, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.parsing.boxes.formats import box_format, names

VGA = (640, 480)


def boxes_in(sizes, n, seed=0):
    """Boxes of pixels anywhere in an image."""
    rng = random.Random(seed)
    wide, high = sizes
    found = []
    for _ in range(n):
        x = sorted(rng.sample(range(wide + 1), 2))
        y = sorted(rng.sample(range(high + 1), 2))
        found.append([x[0], y[0], x[1], y[1]])
    return found


def scaled(boxes, sizes, grid, digits=None):
    limits = (*sizes, *sizes)
    return [[round(v * grid / side, digits) for v, side in zip(b, limits, strict=True)]
            for b in boxes]  # fmt: skip


def lists(boxes):
    return [str(box) for box in boxes]


def json_2d(boxes):
    return [f'[{{"bbox_2d": {box}, "label": "x"}}]' for box in boxes]


def chosen(answers, **choices):
    return parse(*answers, **choices).inferred["box_format"]


def test_lists_of_pixels_never_leave_small_images():
    assert chosen(lists(boxes_in(VGA, 30)), sizes=VGA) == "pixels"


def test_lists_of_a_grid_of_1000_leave_small_images():
    assert chosen(lists(scaled(boxes_in(VGA, 30), VGA, 1000)), sizes=VGA) == "1000"


def test_lists_of_a_grid_of_1000_stay_in_a_corner_of_large_images():
    big = (3000, 2000)
    assert chosen(lists(scaled(boxes_in(big, 30), big, 1000)), sizes=big) == "1000"


def test_numbers_beyond_1000_are_pixels():
    big = (3000, 2000)
    assert chosen(lists(boxes_in(big, 30)), sizes=big) == "pixels"


def test_a_few_numbers_beyond_1000_are_pixels_without_sizes_too():
    boxes = [*boxes_in(VGA, 95), *([900, 10, 1200, 90],) * 5]
    assert chosen(lists(boxes), sizes=None) == "pixels"


def test_fractions_are_relative():
    answers = lists(scaled(boxes_in(VGA, 30), VGA, 1.0, 3))
    assert chosen(answers, sizes=VGA) == "relative"
    assert chosen(answers, sizes=None) == "relative"


def padded(boxes, sizes):
    side = max(sizes)
    shift = [(side - own) / 2 for own in sizes] * 2
    return [[round((v + s) / side, 3) for v, s in zip(b, shift, strict=True)] for b in boxes]


def test_fractions_that_never_reach_the_padding_are_of_a_padded_square():
    wide = (1000, 500)
    assert chosen(lists(padded(boxes_in(wide, 200), wide)), sizes=wide) == "llava"


def test_fractions_that_hardly_show_the_padding_are_left_to_the_user():
    wide = (640, 480)
    with pytest.raises(UsageError) as error:
        parse(*lists(padded(boxes_in(wide, 6), wide)), sizes=wide)
    assert "--box-format llava" in error.value.hint
    assert "--box-format relative" in error.value.hint


@pytest.mark.parametrize("write", [lists, json_2d])
@pytest.mark.parametrize(
    ("sizes", "part"),
    [((1240, 1754), (0.05, 0.03, 0.75, 0.3)), ((1920, 1080), (0.0, 0.0, 0.5, 0.9))],
    ids=["page header", "left half of a screen"],
)
@pytest.mark.parametrize("n", [20, 300])
def test_objects_in_one_part_of_the_image_speak_for_no_frame(write, sizes, part, n):
    left, top, right, bottom = (share * side for share, side in zip(part, sizes * 2, strict=True))
    inside = boxes_in((int(right - left), int(bottom - top)), n)
    boxes = [[int(v + shift) for v, shift in zip(b, (left, top) * 2, strict=True)] for b in inside]
    with pytest.raises(UsageError, match="cannot tell what the numbers"):
        parse(*write(boxes), sizes=sizes)


@pytest.mark.parametrize("n", [3, 40, 300])
def test_centred_objects_do_not_speak_for_padding(n):
    boxes = [[v * 0.7 + 0.15 for v in box] for box in scaled(boxes_in(VGA, n), VGA, 1.0, 3)]
    with pytest.raises(UsageError, match="cannot tell what the numbers"):
        parse(*lists(boxes), sizes=VGA)


@pytest.mark.parametrize("most", [1_003_520, 401_408])
def test_usual_limits_of_resized_images_are_tried(most):
    big = (3000, 2000)
    one = box_format(f"qwen2.5-vl:max_pixels={most}")
    high, wide = one.frame.resize.sizes(np.array([2000.0]), np.array([3000.0]))
    boxes = boxes_in((int(wide[0]), int(high[0])), 60)
    assert chosen(json_2d(boxes), sizes=big) == one.name


def test_centres_and_sizes_are_told_from_corners():
    shares = scaled(boxes_in(VGA, 60), VGA, 1.0, 3)
    boxes = [[(a + c) / 2, (b + d) / 2, c - a, d - b] for a, b, c, d in shares]
    assert chosen(lists(boxes), sizes=VGA) == "cxcywh-relative"


def test_many_swapped_corners_that_are_no_sizes_are_mended():
    boxes = scaled(boxes_in(VGA, 60), VGA, 1000)
    boxes[::3] = [[c, d, a, b] for a, b, c, d in boxes[::3]]
    parsed = parse(*lists(boxes), sizes=VGA)
    assert parsed.inferred["box_format"] == "1000"
    assert [warning.code for warning in parsed.warnings] == ["swapped_corners"]


def test_pixels_with_y_first_are_left_to_the_user():
    wide = (640, 300)
    boxes = [[b, a, d, c] for a, b, c, d in boxes_in(wide, 60)]
    with pytest.raises(UsageError) as error:
        parse(*lists(boxes), sizes=wide)
    assert "--box-format yxyx-pixels" in error.value.hint


def test_a_frame_that_few_boxes_fit_is_none():
    boxes = [[1200, 900, 1500, 1300], [1100, 800, 1200, 990]] * 20
    with pytest.raises(UsageError, match=r"possible: .*pixels \(0% of the boxes fit"):
        parse(*lists(boxes), sizes=VGA)


def test_a_few_numbers_that_fit_both_frames_are_left_to_the_user():
    with pytest.raises(UsageError, match="cannot tell what the numbers") as error:
        parse("[100, 50, 400, 300]", "[10, 20, 30, 40]", sizes=VGA)
    assert error.value.message.startswith("preds.jsonl:1: ")
    assert "--box-format pixels or --box-format 1000" in error.value.hint


def test_numbers_up_to_1000_without_sizes_are_left_to_the_user():
    with pytest.raises(UsageError) as error:
        parse(*lists(boxes_in(VGA, 100)), sizes=None)
    assert "sizes of the images would help" in error.value.hint


def test_images_of_1000_pixels_make_both_frames_one():
    assert chosen(lists(boxes_in((1000, 1000), 3)), sizes=(1000, 1000)) == "pixels"


def test_many_swapped_corners_are_widths_and_heights():
    boxes = [[a, b, c - a, d - b] for a, b, c, d in boxes_in(VGA, 40)]
    parsed = parse(*lists(boxes), sizes=VGA)
    assert parsed.inferred["box_format"] == "xywh-pixels"
    assert boxes_of(parsed)[0] == [boxes_in(VGA, 40)[0]]


def test_json_2d_of_a_grid_is_qwen3():
    assert chosen(json_2d(scaled(boxes_in(VGA, 30), VGA, 1000)), sizes=VGA) == "qwen3-vl"


def test_json_2d_of_the_resized_image_is_qwen2_5():
    big = (2000, 1500)  # 1988 × 1512 after smart_resize
    answers = json_2d(boxes_in((1988, 1512), 30))
    parsed = parse(*answers, sizes=big)
    assert parsed.inferred["box_format"] == "qwen2.5-vl"
    x = boxes_in((1988, 1512), 30)[0][0]
    assert boxes_of(parsed)[0][0][0] == pytest.approx(x * 2000 / 1988)


def test_recorded_resized_sizes_are_undone():
    boxes = boxes_in((1288, 952), 30)
    n = len(boxes)
    parsed = parse(*lists(boxes), sizes=VGA, resized_width=[1288] * n, resized_height=[952] * n)
    assert parsed.inferred["box_format"] == "resized"
    assert boxes_of(parsed)[0][0] == pytest.approx([v * 640 / 1288 if i % 2 == 0 else v * 480 / 952
                                                    for i, v in enumerate(boxes[0])])  # fmt: skip


def test_json_2d_in_pixels_needs_sizes():
    with pytest.raises(UsageError) as error:
        parse(*json_2d(boxes_in((3000, 2000), 40)), sizes=None)
    assert "width/height" in error.value.hint


def test_internvl_may_write_fractions():
    boxes = scaled(boxes_in(VGA, 5), VGA, 1.0, 3)
    answers = [f"<ref>x</ref><box>[{box}]</box>" for box in boxes]
    assert chosen(answers, sizes=VGA) == "relative"


def test_pairs_without_their_tags_are_a_grid_unless_they_are_pixels():
    grid = scaled(boxes_in(VGA, 4), VGA, 1000)
    assert chosen([f"({a},{b}),({c},{d})" for a, b, c, d in grid], sizes=VGA) == "qwen2-vl"
    pixels = [f"({a},{b}),({c},{d})" for a, b, c, d in boxes_in(VGA, 60)]
    assert chosen(pixels, sizes=VGA) == "pixels"


def test_another_syntax_with_its_own_format_is_read_and_counted():
    answers = [*lists(boxes_in(VGA, 30)), "<loc0000><loc0000><loc1023><loc1023> dog"]
    parsed = parse(*answers, sizes=VGA)
    assert boxes_of(parsed, 30)[0] == [[0, 0, 640, 480]]
    assert any("1 predictions are written otherwise (<loc0123> tokens)" in n for n in parsed.notes)


def test_numbers_that_cannot_be_in_the_frame_of_the_file_are_unparsed():
    answers = [*lists(boxes_in(VGA, 30)), "[0.1, 0.2, 0.5, 0.6]"]
    parsed = parse(*answers, sizes=VGA)
    assert parsed.unparsed == {30: "its numbers do not fit the format of the file, pixels"}
    assert parsed.values[30] is None


def test_rejected_frames_are_kept_as_alternatives():
    boxes = boxes_in(VGA, 30)
    parsed = parse(*lists(boxes), sizes=VGA)
    other = parsed.alternatives["1000"]()["prediction.boxes"]
    assert other.boxes[0].tolist() == pytest.approx(
        [v * side / 1000 for v, side in zip(boxes[0], (*VGA, *VGA), strict=True)]
    )


def test_the_decision_is_told_with_its_evidence():
    parsed = parse(*lists(boxes_in(VGA, 30)), sizes=VGA)
    assert "read as pixels (pixels of the original image)" in parsed.notes[0]
    assert "in 30 of 30 predictions with boxes; pixels (100% of the boxes fit" in parsed.notes[0]
    assert "boxes come up to its edges and do not pass them), not 1000 (100%" in parsed.notes[0]


def test_the_other_order_of_bare_numbers_is_told_beside():
    parsed = parse(*lists(scaled(boxes_in(VGA, 30), VGA, 1000)), sizes=VGA)
    assert "yxyx-1000" in parsed.alternatives


def test_a_named_format_wins():
    parsed = parse("[100, 200, 400, 600]", box_format="1000")
    assert boxes_of(parsed)[0] == [[100, 100, 400, 300]]
    assert parsed.notes[0].startswith("boxes are read as 1000 (numbers / 1000): named by the user")


def test_a_file_without_boxes_needs_no_frame():
    assert parse("no box", "none").notes == ("no prediction has a box",)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("qwen", 'unknown format "qwen". Did you mean "qwen'),
        ("Gemini", 'Did you mean "gemini"'),
        ("xyxz-pixels", "unknown format"),
        ("xywh-", "unknown format"),
        ("/", 'got ""'),
        ("gemini:max_pixels=3", "gemini takes no options"),
        ("qwen2.5-vl:most=3", 'got "most=3"'),
        ("qwen2.5-vl:max_pixels=0", 'got "max_pixels=0"'),
        ("qwen2.5-vl:max_pixels=many", 'got "max_pixels=many"'),
        ("pixels/wide", 'unknown format "wide"'),
    ],
)
def test_unknown_formats_are_refused_with_what_there_is(name, part):
    with pytest.raises(UsageError) as error:
        parse("[1, 2, 3, 4]", box_format=name)
    assert part in error.value.message
    assert error.value.hint


@pytest.mark.parametrize("name", names())
def test_every_name_is_a_format(name):
    assert box_format(name).name == name


@pytest.mark.parametrize(
    "fields",
    [
        {"image_width": [640], "image_height": [480]},
        {"w": [640], "h": [480]},
        {"image_size": [[640, 480]]},
        {"width": ["640"], "height": ["480"]},
        {"width": [[640, 640]], "height": [[480, 480]]},
    ],
)
def test_sizes_are_found_under_many_names(fields):
    parsed = parse("[0, 0, 500, 500]", box_format="1000", sizes=None, **fields)
    assert boxes_of(parsed)[0] == [[0, 0, 320, 240]]


@pytest.mark.parametrize("bad", [0, -3, "wide", True, float("inf")])
def test_a_size_that_is_none_is_refused(bad):
    with pytest.raises(DataError, match='item "i0": field "width", got'):
        parse("[0, 0, 5, 5]", box_format="1000", sizes=None, width=[bad], height=[480])


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(["pixels", "1000", "relative"]), st.integers(0, 10_000))
def test_whatever_is_written_is_read_back(frame, seed):
    boxes = boxes_in(VGA, 40, seed)
    grid = {"pixels": None, "1000": 1000, "relative": 1.0}[frame]
    own = boxes if grid is None else scaled(boxes, VGA, grid, 3)
    parsed = parse(*lists(own), sizes=VGA)
    assert parsed.inferred["box_format"] == frame
    assert np.abs(parsed.columns["prediction.boxes"].boxes - np.array(boxes)).max() < 0.5
