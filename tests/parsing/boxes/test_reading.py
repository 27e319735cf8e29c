"""Every way to write a box, read from answers as models give them.

All images are 1000 pixels wide and 500 high, so that pixels are computed by hand: a number of a
grid of 1000 is itself across and its half down. Frames that need more say how in a comment.
"""

import pytest
from box_answers import boxes_of, parse

GRID = [100.0, 100.0, 400.0, 300.0]  # of [100, 200, 400, 600] in a grid of 1000

# name, answer, --box-format (None: the syntax tells), boxes in pixels, labels.
TABLE = [
    # Qwen-VL divides by 999: 333 is a third, 666 two thirds.
    ("qwen-vl", "<ref>the dog</ref><box>(333,333),(666,999)</box>", None,
     [[1000 / 3, 500 / 3, 2000 / 3, 500]], ["the dog"]),
    ("qwen-vl, end of turn", "<box>(0,0),(999,999)</box><|im_end|>", None,
     [[0, 0, 1000, 500]], [None]),
    ("qwen-vl, several after one ref",
     "<ref>dogs</ref><box>(0,0),(333,333)</box><box>(333,0),(999,999)</box>", None,
     [[0, 0, 1000 / 3, 500 / 3], [1000 / 3, 0, 1000, 500]], ["dogs", "dogs"]),
    ("qwen-vl, two phrases",
     "<ref>a</ref><box>(0,0),(999,333)</box> and <ref>b</ref><box>(0,333),(999,999)</box>", None,
     [[0, 0, 1000, 500 / 3], [0, 500 / 3, 1000, 500]], ["a", "b"]),
    ("qwen-vl, quad", "<ref>sign</ref><quad>(333,0),(666,0),(666,999),(333,999)</quad>", None,
     [[1000 / 3, 0, 2000 / 3, 500]], ["sign"]),
    ("qwen-vl, spaces and no end", "<box> ( 0 , 0 ) , ( 999 , 999 )", None,
     [[0, 0, 1000, 500]], [None]),
    ("qwen2-vl",
     "<|object_ref_start|>dog<|object_ref_end|><|box_start|>(100,200),(400,600)<|box_end|>", None,
     [GRID], ["dog"]),
    ("qwen2-vl, end of turn", "<|box_start|>(100,200),(400,600)<|box_end|><|im_end|>", None,
     [GRID], [None]),
    ("qwen2-vl, tags lost when decoded", "dog(100,200),(400,600)", "qwen2-vl", [GRID], [None]),
    ("qwen2-vl, two boxes",
     "<|box_start|>(100,200),(400,600)<|box_end|><|box_start|>(0,0),(10,20)<|box_end|>", None,
     [GRID, [0, 0, 10, 10]], [None, None]),
    # smart_resize makes 1008 × 504 of 1000 × 500: 252 of 1008 is a quarter, of 504 a half.
    ("qwen2.5-vl, fenced",
     '```json\n[\n\t{"bbox_2d": [252, 252, 504, 504], "label": "dog"}\n]\n```',
     "qwen2.5-vl", [[250, 250, 500, 500]], ["dog"]),
    ("qwen2.5-vl, one object", '{"bbox_2d": [252, 252, 504, 504], "label": "dog"}',
     "qwen2.5-vl", [[250, 250, 500, 500]], ["dog"]),
    ("qwen2.5-vl, trailing commas", '[{"bbox_2d": [252, 252, 504, 504,], "label": "dog",},]',
     "qwen2.5-vl", [[250, 250, 500, 500]], ["dog"]),
    ("qwen2.5-vl, point", '[{"point_2d": [504, 252], "label": "nose"}]',
     "qwen2.5-vl", [[500, 250, 500, 250]], ["nose"]),
    ("qwen3-vl", '[{"bbox_2d": [100, 200, 400, 600], "label": "dog"}]', "qwen3-vl",
     [GRID], ["dog"]),
    ("qwen3-vl, prose around",
     'Sure! Here it is:\n```json\n[{"bbox_2d": [100, 200, 400, 600]}]\n```\nAnything else?',
     "qwen3-vl", [GRID], [None]),
    ("qwen3-vl, cut off in the second box",
     '[{"bbox_2d": [100, 200, 400, 600], "label": "dog"}, {"bbox_2d": [10, 2', "qwen3-vl",
     [GRID], ["dog"]),
    ("qwen3-vl, no closing bracket", '[{"bbox_2d": [100, 200, 400, 600], "label": "dog"}',
     "qwen3-vl", [GRID], ["dog"]),
    ("qwen3-vl, single quotes", "[{'bbox_2d': [100, 200, 400, 600], 'label': 'dog'}]",
     "qwen3-vl", [GRID], ["dog"]),
    ("qwen3-vl, an object a line",
     '{"bbox_2d": [100, 200, 400, 600], "label": "a"}\n{"bbox_2d": [0, 0, 10, 20], "label": "b"}',
     "qwen3-vl", [GRID, [0, 0, 10, 10]], ["a", "b"]),
    ("qwen3-vl, objects without the brackets of a list",
     '```json\n{"bbox_2d": [100, 200, 400, 600]},\n{"bbox_2d": [0, 0, 10, 20]}\n``` See [3].',
     "qwen3-vl", [GRID, [0, 0, 10, 10]], [None, None]),
    ("qwen3-vl, two lists, the second cut off behind a box",
     '[{"bbox_2d": [100, 200, 400, 600], "label": "a"}]\n[{"bbox_2d": [0, 0, 10, 20], "label": "b',
     "qwen3-vl", [GRID, [0, 0, 10, 10]], ["a", None]),
    ("qwen3-vl, list of boxes cut off", '{"bbox_2d": [[100, 200, 400, 600], [0, 0, 10, 20], [3, 4',
     "qwen3-vl", [GRID, [0, 0, 10, 10]], [None, None]),
    ("a name without braces", "bbox_2d: [100, 200, 400, 600]", "qwen3-vl", [GRID], [None]),
    ("qwen3-vl, list of boxes", '{"bbox_2d": [[100, 200, 400, 600], [0, 0, 10, 20]]}',
     "qwen3-vl", [GRID, [0, 0, 10, 10]], [None, None]),
    ("qwen3-vl, numbers as texts", '{"bbox_2d": ["100", "200", "400", "600"]}', "qwen3-vl",
     [GRID], [None]),
    # PaliGemma writes y first and divides by 1023, of which 341 is a third.
    ("paligemma", "<loc0341><loc0000><loc1023><loc0682> dog", None,
     [[0, 500 / 3, 2000 / 3, 500]], ["dog"]),
    ("paligemma, several",
     "<loc0000><loc0000><loc1023><loc1023> dog ; <loc0341><loc0341><loc1023><loc1023> cat", None,
     [[0, 0, 1000, 500], [1000 / 3, 500 / 3, 1000, 500]], ["dog", "cat"]),
    ("paligemma, with a mask",
     "<loc0000><loc0000><loc1023><loc1023>" + "<seg012>" * 16 + " dog<eos>", None,
     [[0, 0, 1000, 500]], ["dog"]),
    # Florence-2 names bins; its middle is (v + 0.5) / 1000.
    ("florence-2", "dog<loc_100><loc_200><loc_400><loc_600>", None,
     [[100.5, 100.25, 400.5, 300.25]], ["dog"]),
    ("florence-2, special tokens", "</s><s>dog<loc_100><loc_200><loc_400><loc_600></s><pad>", None,
     [[100.5, 100.25, 400.5, 300.25]], ["dog"]),
    ("florence-2, two of one label",
     "dog<loc_0><loc_0><loc_99><loc_99><loc_500><loc_500><loc_999><loc_999>", None,
     [[0.5, 0.25, 99.5, 49.75], [500.5, 250.25, 999.5, 499.75]], ["dog", "dog"]),
    ("florence-2, corners of a text region",
     "EXIT<loc_100><loc_200><loc_400><loc_200><loc_400><loc_600><loc_100><loc_600>", None,
     [[100.5, 100.25, 400.5, 300.25]], ["exit"]),
    ("florence-2, polygon",
     "dog<poly><loc_100><loc_200><loc_400><loc_300><loc_250><loc_600></poly>",
     None, [[100.5, 100.25, 400.5, 300.25]], ["dog"]),
    # Kosmos-2: cell 44 is column 12 of row 1, cell 863 column 31 of row 26; middles of cells.
    ("kosmos-2",
     "<phrase>a dog</phrase><object><patch_index_0044><patch_index_0863></object>", None,
     [[390.625, 23.4375, 984.375, 414.0625]], ["a dog"]),
    # Columns 0 to 31 of row 0: outer edges.
    ("kosmos-2, one row", "<object><patch_index_0000><patch_index_0031></object>", None,
     [[0, 0, 1000, 15.625]], [None]),
    ("kosmos-2, one cell", "<object><patch_index_0000><patch_index_0000></object>", None,
     [[0, 0, 31.25, 15.625]], [None]),
    ("kosmos-2, several",
     "<phrase>dogs</phrase><object><patch_index_0044><patch_index_0863>"
     "</delimiter_of_multi_objects/><patch_index_0000><patch_index_0000></object>", None,
     [[390.625, 23.4375, 984.375, 414.0625], [0, 0, 31.25, 15.625]], ["dogs", "dogs"]),
    ("internvl", "<ref>dog</ref><box>[[100, 200, 400, 600]]</box>", "internvl", [GRID], ["dog"]),
    ("internvl, several", "<ref>dogs</ref><box>[[100, 200, 400, 600], [0, 0, 10, 20]]</box>",
     "internvl", [GRID, [0, 0, 10, 10]], ["dogs", "dogs"]),
    ("internvl, one bracket lost", "<ref>dog</ref><box>[100, 200, 400, 600]]</box>", "internvl",
     [GRID], ["dog"]),
    # Shikra and LLaVA: the square is 1000 × 1000, and 250 pixels above the image are padding.
    ("shikra", "The dog [0.100,0.300,0.500,0.700] is there.", "shikra",
     [[100, 50, 500, 450]], [None]),
    ("shikra, two boxes", "[0.100,0.300,0.500,0.700;0.000,0.250,1.000,0.750]", "shikra",
     [[100, 50, 500, 450], [0, 0, 1000, 500]], [None, None]),
    ("llava", "[0.10, 0.30, 0.50, 0.70]", "llava", [[100, 50, 500, 450]], [None]),
    ("cogvlm", "[[012,345,678,900]]", None, [[12, 172.5, 678, 450]], [None]),
    ("cogvlm, two boxes", "dogs [[012,345,678,900;001,002,003,004]]", None,
     [[12, 172.5, 678, 450], [1, 1, 3, 2]], [None, None]),
    # Molmo points in percent.
    ("molmo", '<point x="61.5" y="40.4" alt="nose">nose</point>', None,
     [[615, 202, 615, 202]], ["nose"]),
    ("molmo, several", '<points x1="10.0" y1="20.0" x2="30.0" y2="40.0" alt="dogs">dogs</points>',
     None, [[100, 100, 100, 100], [300, 200, 300, 200]], ["dogs", "dogs"]),
    ("molmo, three digits", '<point p="615,404">nose</point>', None,
     [[615, 202, 615, 202]], ["nose"]),
    ("gemini", '```json\n[{"box_2d": [200, 100, 600, 400], "label": "dog"}]\n```', None,
     [GRID], ["dog"]),
    ("gemini, point", '[{"point": [200, 100], "label": "nose"}]', None,
     [[100, 100, 100, 100]], ["nose"]),
    ("deepseek-vl2", "<|ref|>dog<|/ref|><|det|>[[0, 333, 999, 666]]<|/det|>", None,
     [[0, 500 / 3, 1000, 1000 / 3]], ["dog"]),
    ("deepseek-vl2, end of sentence",
     "<|ref|>dog<|/ref|><|det|>[[0, 333, 999, 666]]<|/det|><｜end▁of▁sentence｜>", None,
     [[0, 500 / 3, 1000, 1000 / 3]], ["dog"]),
    ("glm-v", "It is at <|begin_of_box|>[[100, 200, 400, 600]]<|end_of_box|>", None,
     [GRID], [None]),
    ("plain, in prose", "The dog is at [100, 200, 400, 300].", "pixels",
     [[100, 200, 400, 300]], [None]),
    ("plain, spaces", "[ 100 ,200,  400,300 ]", "pixels", [[100, 200, 400, 300]], [None]),
    ("plain, no brackets", "100, 200, 400, 300", "pixels", [[100, 200, 400, 300]], [None]),
    ("plain, opening bracket lost", "100, 200, 400, 300]", "pixels",
     [[100, 200, 400, 300]], [None]),
    ("plain, closing bracket lost", "[100, 200, 400, 300", "pixels",
     [[100, 200, 400, 300]], [None]),
    ("plain, nested", "[[100, 200, 400, 300], [1, 2, 3, 4]]", "pixels",
     [[100, 200, 400, 300], [1, 2, 3, 4]], [None, None]),
    ("plain, round brackets", "(100, 200, 400, 300)", "pixels", [[100, 200, 400, 300]], [None]),
    ("plain, corners in words", "from (100, 200) to (400, 300)", "pixels",
     [[100, 200, 400, 300]], [None]),
    ("plain, in a fence", "```\n[100, 200, 400, 300]\n```", "pixels",
     [[100, 200, 400, 300]], [None]),
    ("plain, bold", "**[100, 200, 400, 300]**", "pixels", [[100, 200, 400, 300]], [None]),
    ("plain, swapped corners", "[400, 300, 100, 200]", "pixels", [[100, 200, 400, 300]], [None]),
    ("plain, negative", "[-5, -2.5, 400, 300]", "pixels", [[-5, -2.5, 400, 300]], [None]),
    ("plain, exponent", "[1e2, 2e2, 4e2, 3e2]", "pixels", [[100, 200, 400, 300]], [None]),
    ("plain, fractions", "[.1, 0.4, 0.5, 1.0]", "relative", [[100, 200, 500, 500]], [None]),
    ("plain, percent", "[10, 40, 50, 100]", "percent", [[100, 200, 500, 500]], [None]),
    ("plain, widths and heights", "[100, 200, 300, 100]", "xywh-pixels",
     [[100, 200, 400, 300]], [None]),
    ("plain, middles", "[250, 250, 300, 100]", "cxcywh-pixels", [[100, 200, 400, 300]], [None]),
    ("plain, y first", "[200, 100, 300, 400]", "yxyx-pixels", [[100, 200, 400, 300]], [None]),
    ("named numbers in words", "x1: 100, y1: 200, x2: 400, y2: 300", "pixels",
     [[100, 200, 400, 300]], [None]),
    ("object of corners", '{"x1": 100, "y1": 200, "x2": 400, "y2": 300}', "pixels",
     [[100, 200, 400, 300]], [None]),
    ("object of two corners", '{"top_left": [100, 200], "bottom_right": [400, 300]}', "pixels",
     [[100, 200, 400, 300]], [None]),
    ("object of widths", '{"x": 100, "y": 200, "width": 300, "height": 100}', "pixels",
     [[100, 200, 400, 300]], [None]),
    ("object with a score", '{"bbox": [100, 200, 400, 300], "label": "Dog", "score": 0.9}',
     "pixels", [[100, 200, 400, 300]], ["dog"]),
    ("object by label", '{"dog": [[100, 200, 400, 300]], "cat": [[1, 2, 3, 4]]}', "pixels",
     [[100, 200, 400, 300], [1, 2, 3, 4]], ["dog", "cat"]),
    ("object of boxes", '{"boxes": [[100, 200, 400, 300]]}', "pixels",
     [[100, 200, 400, 300]], [None]),
    ("object of detections", '{"objects": [{"box": [100, 200, 400, 300], "name": "dog"}]}',
     "pixels", [[100, 200, 400, 300]], ["dog"]),
    ("corners by name", "Top-left: (100, 200), bottom-right: (400, 300).", "pixels",
     [[100, 200, 400, 300]], [None]),
    ("corners by name in prose", "from the upper left [100, 200] to the lower right corner at "
     "[400, 300]", "pixels", [[100, 200, 400, 300]], [None]),
    ("bare numbers in a tag", "<box>100 200 400 300</box>", "pixels",
     [[100, 200, 400, 300]], [None]),
    ("percent", "[10%, 20%, 40%, 60%]", None, [[100, 100, 400, 300]], [None]),
    ("pixels", "(100px, 200px), (400px, 300 px)", None, [[100, 200, 400, 300]], [None]),
    ("a share beside a box", "I am 95% sure: [100, 200, 400, 300]", "pixels",
     [[100, 200, 400, 300]], [None]),
    ("lists in columns", {"bbox": [[100, 200, 400, 300], [1, 2, 3, 4]], "category": ["Dog", "cat"],
     "area": [30000, 4], "id": [1, 2]}, "pixels", [[100, 200, 400, 300], [1, 2, 3, 4]],
     ["dog", "cat"]),
    ("COCO's lists in columns", {"bbox": [[100, 200, 300, 100]], "category_id": [3]}, None,
     [[100, 200, 400, 300]], ["3"]),
    ("a list in the row", [100, 200, 400, 300], "pixels", [[100, 200, 400, 300]], [None]),
    ("lists in the row", [[100, 200, 400, 300], [1, 2, 3, 4]], "pixels",
     [[100, 200, 400, 300], [1, 2, 3, 4]], [None, None]),
    ("an object in the row", {"bbox": [[100, 200], [400, 300]], "label": "dog"}, "pixels",
     [[100, 200, 400, 300]], ["dog"]),
    ("COCO objects in the row", [{"category_id": 3, "bbox": [100, 200, 300, 100], "score": 0.5}],
     None, [[100, 200, 400, 300]], ["3"]),
    ("a text in a list in the row", ["[100, 200, 400, 300]", "[1, 2, 3, 4]"], "pixels",
     [[100, 200, 400, 300], [1, 2, 3, 4]], [None, None]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "box_format", "boxes", "labels"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_boxes_are_read_as_their_model_means_them(answer, box_format, boxes, labels):
    parsed = parse(answer, box_format=box_format)
    assert not parsed.unparsed
    found, own_labels = boxes_of(parsed)
    assert found == [pytest.approx(box, abs=1e-9) for box in boxes]
    assert own_labels == labels


@pytest.mark.parametrize(
    "answer",
    [
        "no box", "None", "null", "not found", "N/A", "[]", "[[]]", "{}", "```json\n[]\n```",
        "There is no dog in the image.", "The dog is not in the image.", "No objects found.",
        '{"boxes": []}', '{"bbox_2d": null}', [], {"boxes": []}, "no such object",
        "I cannot find the dog.", "The red car isn't visible.", "<box></box>",
    ],
)  # fmt: skip
def test_an_answer_that_says_there_is_no_box_is_read_and_empty(answer):
    parsed = parse(answer)
    assert not parsed.unparsed
    assert parsed.values == [[]]
    assert parsed.columns["prediction.boxes"].is_readable.tolist() == [True]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I see a dog.", "no box is in the text"),
        ("[1, 2, 3]", "no box is in the text"),
        ("There are 4 dogs and 2 cats", "no box is in the text"),
        ("<loc0012><loc0034><loc", "its box is not whole"),
        ("<box>(12,34),(56", "its box is not whole"),
        ("<|det|>[[1, 2, 3", "its box is not whole"),
        ("<patch_index_0044>", "its box is not whole"),
        ('<point x="615" y="404">nose</point>', "its points are beyond 100, and Molmo's count"),
        ("<point", "its box is not whole"),
        ('{"label": "dog"}', "no box is in the text"),
        ('{"bbox_2d": [1, 2, 3', "no box is in the text"),
        ("[1e99, 2, 3, 4]", "a number is beyond any image"),
        ([1, 2, 3], "a box has 3 numbers, expected 4"),
        ([1, 2, 3, 4, 0.9], "a box has 5 numbers, expected 4"),
        ('{"bbox": [1, 2, 3, 4, 0.9]}', "no box is in the text"),
        ([1, 2, 3, None], "got null, expected a number"),
        ([True, False, True, False], "got true, expected a box"),
        ({"label": "dog"}, 'an object with "label" has no box'),
        ({"bbox": [1, 2, "three", 4]}, 'got "three", expected a number'),
        ("1 2 3 4 5 6 7", "no box is in the text"),
        ("4 dogs, 2 cats, 3 cows and 5 birds", "no box is in the text"),
        ({"bbox": [1, 2, 3, 4], "score": "high"}, 'got "high", expected a score'),
        ([float("nan"), 1, 2, 3], "nan is no number of an image"),
        ([1, float("nan"), 2, 3], "nan is no number of an image"),
        ([[[[[[[[[[1, 2, 3, 4]]]]]]]]]], "lists are nested more than 8 deep"),
    ],
)
def test_an_answer_without_a_whole_box_is_unparsed_with_its_reason(answer, reason):
    parsed = parse(answer, "[1, 2, 3, 4]", box_format="pixels")
    assert parsed.unparsed[0].startswith(reason)
    assert parsed.values[0] is None
    assert parsed.columns["prediction.boxes"].is_readable.tolist() == [False, True]


def test_values_are_cut_in_reasons():
    reason = parse({"bbox": [1, 2, 3, 4], "score": ["x" * 999]}, box_format="pixels").unparsed[0]
    assert len(reason) < 120


def test_the_area_of_a_prediction_is_that_of_its_box():
    # COCO's loadRes computes it anew, and area decides which sizes a detection counts for.
    column = parse({"bbox": [0, 0, 4, 5], "area": 99}, box_format="pixels").columns
    assert column["prediction.boxes"].areas.tolist() == [20]


def test_missing_predictions_are_not_unparsed():
    parsed = parse(None, "[1, 2, 3, 4]", box_format="pixels")
    assert not parsed.unparsed
    assert parsed.values == [None, [[1, 2, 3, 4]]]
    assert parsed.columns["prediction.boxes"].is_readable.tolist() == [False, True]


def test_swapped_corners_are_put_right_and_counted():
    (warning,) = parse("[9, 8, 1, 2]", "[1, 2, 3, 4]", box_format="pixels").warnings
    assert warning.message.startswith("1 predicted boxes have swapped corners")


def test_scores_become_a_column_of_confidences():
    answers = [{"bbox": [1, 2, 3, 4], "score": 0.5}, {"bbox": [1, 2, 3, 4]}]
    scores = parse(*answers, box_format="pixels").columns["prediction.confidence"].numbers
    assert scores[0] == 0.5
    assert scores[1] != scores[1]
    assert "prediction.confidence" not in parse("[1, 2, 3, 4]", box_format="pixels").columns


@pytest.mark.parametrize(
    "answers",
    [
        ("<loc0010><loc0020><loc0300><loc0400> dog", "", "<eos>", " "),
        ("dog<loc_10><loc_20><loc_300><loc_400>", "", "</s>", "</s><s>"),
    ],
)
def test_an_empty_answer_in_a_file_of_location_tokens_says_that_there_is_no_box(answers):
    parsed = parse(*answers)
    assert not parsed.unparsed
    assert parsed.values[1:] == [[], [], []]
    assert parsed.columns["prediction.boxes"].is_readable.all()
    assert "3 predictions are empty, which in location tokens" in parsed.notes[-1]


def test_an_empty_answer_says_so_where_the_user_names_the_format():
    assert parse("", box_format="paligemma").values == [[]]


@pytest.mark.parametrize("answer", ["[100, 200, 400, 300]", "<box>(1,2),(3,4)</box>"])
def test_an_empty_answer_of_another_syntax_is_no_answer(answer):
    assert 1 in parse(answer, "", box_format="1000").unparsed


def test_prose_in_a_file_of_location_tokens_is_no_answer():
    assert 1 in parse("dog<loc_10><loc_20><loc_300><loc_400>", "I see a dog.").unparsed


def test_points_beyond_a_hundred_are_left_out_and_told():
    parsed = parse('<points x1="10" y1="20" x2="615" y2="40" alt="a">a</points>')
    assert parsed.values == [[{"box": [100, 100, 100, 100], "label": "a"}]]
    assert parsed.notes[1] == "1 prediction has points beyond 100; what is whole was read"
