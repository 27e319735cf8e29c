"""Values as their task reads them: a selection of items changes no reading."""

import pytest

GOLDS = ["cat", "dog", "hot dog"] * 4
REFERENCES = [
    {"id": n, "label": gold, "split": "b" if gold == "hot dog" else "a"}
    for n, gold in enumerate(GOLDS)
]
PREDICTIONS = [
    {"id": n, "prediction": "cat" if gold == "cat" else "I see a hot dog"}
    for n, gold in enumerate(GOLDS)
]


def test_samples_of_lmms_eval_accept_each_answer_of_a_spelled_list(score):
    rows = [
        {
            "doc_id": 0,
            "input": "who?",
            "target": "['Paul', 'paul smith']",
            "filtered_resps": "Paul",
        },
        {"doc_id": 1, "input": "how?", "target": "['1/8/93']", "filtered_resps": "1/8/98"},
    ]
    result = score(rows, metrics=["anls", "exact_match"])
    assert result.scores["exact_match"].value == 0.5
    # "Paul" is accepted as it is: 1. One of six characters of the other is wrong: 5/6.
    assert result.scores["anls"].value == pytest.approx((1 + 5 / 6) / 2, abs=1e-12)


def test_predictions_that_a_layout_names_may_all_be_right(score):
    rows = [{"doc_id": n, "input": "q?", "target": "red", "filtered_resps": "red"} for n in (0, 1)]
    assert score(rows).scores["exact_match"].value == 1.0


def test_items_without_a_reference_are_neither_matched_nor_missing(score):
    """Of 8 items, 0 to 2 have no answer; of the other 5, one has no prediction and one is empty."""
    answers = [None, [], [""], ["a"], ["a"], ["a"], ["a"], ["a"]]
    references = [{"id": n, "answers": given} for n, given in enumerate(answers)]
    predictions = [{"id": n, "prediction": "" if n in (1, 4) else "a"} for n in (0, 1, 4, 5, 6, 7)]
    join = score(predictions, references, task="vqa", missing="worst").join
    assert (join.matched, join.missing, join.empty, join.no_reference) == (4, 1, 1, 3)
    shown = {kind: set(ids) for kind, ids in join.examples.items()}
    assert shown == {"missing": {"3"}, "empty": {"4"}, "no_reference": {"0", "1", "2"}}


@pytest.fixture
def read(score):
    """Options → what was read of each prediction, by id."""

    def read(predictions=PREDICTIONS, references=REFERENCES, **options):
        result = score(predictions, references, task="classification", **options)
        return dict(zip(result.items.ids, result.items.predictions, strict=True))

    return read


@pytest.mark.parametrize("selection", [{"where": {"split": "a"}}, {"limit": 2}])
def test_classes_are_those_of_all_references_whichever_are_selected(read, selection):
    """The class of no selected item, "hot dog", is still read as itself and not as "dog"."""
    everything = read()
    selected = read(**selection)
    assert 0 < len(selected) < len(everything)
    assert selected == {name: everything[name] for name in selected}
    assert selected["1"] == "hot dog"


def test_classes_of_items_without_a_prediction_are_known(read):
    given = [row for row in PREDICTIONS if GOLDS[row["id"]] == "dog"]
    assert set(read(given, missing="skip").values()) == {"hot dog"}


def test_an_unread_reference_outside_the_selection_is_no_error(read):
    references = [*REFERENCES, {"id": 99, "label": {"name": "cat"}, "split": "b"}]
    assert read(references=references, where={"split": "a"})["1"] == "hot dog"


def test_one_file_is_selected_from_alike(score):
    rows = [{**own, **gold} for own, gold in zip(PREDICTIONS, REFERENCES, strict=True)]
    result = score(rows, task="classification", where={"split": "a"})
    assert set(result.items.predictions) == {"cat", "hot dog"}
