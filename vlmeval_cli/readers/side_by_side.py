"""Documents that hold predictions, and perhaps references, in lists or objects side by side."""

from __future__ import annotations

from collections.abc import Iterator

from vlmeval_cli.readers.rejects import BadRowError
from vlmeval_cli.readers.rules import DocumentRule, Fields

_PREDICTIONS = "predictions"
_REFERENCES = ("ground_truths", "references", "targets", "labels", "golds")
_IDS = ("id", "image_id", "question_id")


def _gold(document: Fields) -> str | None:
    """The name of the references, if they stand in a list as the predictions do."""
    lists = [name for name in _REFERENCES if isinstance(document.get(name), list)]
    return lists[0] if len(lists) == 1 else None


def _are_lists(document: Fields) -> bool:
    """Whether two lists are meant to be read in parallel: their members have no ids."""
    said, name = document.get(_PREDICTIONS), _gold(document)
    if name is None or not isinstance(said, list) or not (said and document[name]):
        return False
    return not any(
        isinstance(one, dict) and not one.keys().isdisjoint(_IDS)
        for one in (said[0], document[name][0])
    )


def _list_rows(document: Fields) -> Iterator[object]:
    name = _gold(document) or ""
    said, golds = document[_PREDICTIONS], document[name]
    if len(said) != len(golds):
        raise BadRowError(
            f'"{_PREDICTIONS}" holds {len(said):,} and "{name}" {len(golds):,}, expected as many'
        )
    for prediction, gold in zip(said, golds, strict=True):
        yield {"prediction": prediction, "ground_truth": gold}


def _is_sqa_result(document: Fields) -> bool:
    """Whether texts and the options read from them stand side by side, by id."""
    texts, options = document.get("outputs"), document.get("results")
    return (
        isinstance(texts, dict)
        and isinstance(options, dict)
        and {"acc", "correct", "count"} <= document.keys()
        and texts.keys() == options.keys()
    )


def _sqa_rows(document: Fields) -> Iterator[object]:
    return ({"id": key, "prediction": text} for key, text in document["outputs"].items())


DOCUMENTS = (
    DocumentRule(
        "parallel_lists",
        _are_lists,
        _list_rows,
        "a list of predictions and a list of references side by side, as Donut writes them",
        roles={"prediction": "prediction", "references": "ground_truth"},
    ),
    DocumentRule(
        "llava_scienceqa",
        _is_sqa_result,
        _sqa_rows,
        "results of LLaVA for ScienceQA: outputs and results by id",
        roles={"id": "id", "prediction": "prediction"},
        side="predictions",
    ),
)
