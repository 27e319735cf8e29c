"""Answers of models, read as boxes."""

from vlmeval_cli.core.config import ParsePolicy, RunConfig
from vlmeval_cli.parsing.boxes.reading import parse_boxes
from vlmeval_cli.parsing.items import Items

WIDTH, HEIGHT = 1000, 500


def parse(*answers, box_format=None, sizes=(WIDTH, HEIGHT), **fields):
    n = len(answers)
    if sizes is not None:
        fields = {"width": [sizes[0]] * n, "height": [sizes[1]] * n, **fields}
    items = Items(
        ids=[f"i{i}" for i in range(n)],
        predictions=list(answers),
        fields=fields,
        place=lambda row: f"preds.jsonl:{row + 1}",
        labels=list,
    )
    return parse_boxes(items, RunConfig(parse=ParsePolicy(box_format=box_format)))


def boxes_of(parsed, item=0):
    column = parsed.columns["prediction.boxes"]
    start, stop = column.item_offsets[item : item + 2]
    return column.boxes[start:stop].tolist(), column.labels[start:stop]
