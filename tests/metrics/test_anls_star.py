import json
import tarfile
import warnings

import pytest
from kinds.documents import MIXED, batch

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.anls_star import AnlsStar

anls_star = pytest.importorskip("anls_star")


def measured(items, **options):
    return measure([AnlsStar(**options)], batch(items), NoProgress())[0].statistics


def scores(items, **options):
    return measured(items, **options).values[:, 0].tolist()


def theirs(prediction, references):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gold = references[0] if len(references) == 1 else tuple(references)
        return anls_star.anls_score(gold, prediction)


def test_equals_the_package_on_documents_with_several_references():
    expected = [theirs(*item) for item in MIXED]
    assert scores(MIXED) == pytest.approx(expected, abs=1e-12)


def test_equals_the_package_on_receipts_read_as_one_another(shared):
    with tarfile.open(shared / "sroie" / "keys_300.tar.gz") as archive:
        names = sorted(name for name in archive.getnames() if name.endswith(".json"))[:60]
        receipts = [json.load(archive.extractfile(name)) for name in names]
    items = [(receipts[i - 1], [receipts[i], receipts[i - 2]]) for i in range(len(receipts))]
    assert scores(items) == pytest.approx([theirs(*item) for item in items], abs=1e-12)


def test_a_prediction_that_is_missing_scores_nothing_even_beside_nothing():
    assert scores([(None, [{"a": "x"}]), (None, [{}])]) == [0.0, 0.0]


def test_a_list_of_texts_beside_a_text_is_a_list_of_accepted_answers():
    assert scores([("b", [["a", "b"]]), ("b", [["a", "b"], "c"]), ("b", [[]])]) == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(("threshold", "expected"), [(0.4, 0.4), (0.5, 0.0), (0.0, 0.4), (1, 0.0)])
def test_threshold_is_an_option(threshold, expected):
    # abcde and abxyz: 3 edits of 5
    found = scores([({"a": "abxyz"}, [{"a": "abcde"}])], threshold=threshold)
    assert found == pytest.approx([expected], abs=1e-12)


def test_items_without_a_reference_are_skipped():
    assert measured([({}, []), ({}, [{}])]).skips == {0: "no_reference"}


def test_a_threshold_that_makes_no_sense_is_refused():
    with pytest.raises(UsageError, match="expected 0 to 1"):
        AnlsStar(threshold=1.5)
