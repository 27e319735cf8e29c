"""CLIPScore, RefCLIPScore and retrieval, from vectors that are made by hand."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric_spec import parse_metric_spec
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.clip_retrieval import ClipRetrieval
from vlmeval_cli.metrics.clip_score import ClipScore, RefClipScore
from vlmeval_cli.models.columns import VectorColumn, whole
from vlmeval_cli.registry import build, choose


def column(per_item, reasons=None, n_cut=None):
    """A column of vectors, one or several for each item; None has none."""
    flat = [vector for vectors in per_item for vector in vectors]
    held = [vector for vector in flat if vector is not None]
    which = np.full(len(flat), -1)
    which[[vector is not None for vector in flat]] = np.arange(len(held))
    offsets = np.cumsum([0, *map(len, per_item)])
    found = whole(np.array(held, dtype=np.float32), None if n_cut is None else np.array(n_cut))
    return VectorColumn(which, offsets, found, reasons=reasons or {})


def measured(metric, *columns):
    """Statistics of a metric from its columns, in the order of its needs."""
    n = len(columns[0].item_offsets) - 1
    own = dict(zip(metric.needs(), columns, strict=True))
    batch = Batch([f"i{i}" for i in range(n)], [""] * n, [[]] * n, columns=own)
    return measure([metric], batch, NoProgress())[0].statistics


def corpus(metric, *columns):
    (value,) = metric.finalize(measured(metric, *columns).values.sum(axis=0)).values()
    return float(value)


def items(metric, *columns):
    (values,) = metric.finalize(measured(metric, *columns).values).values()
    return values.tolist()


# What clipscore.py and torchmetrics print for these features, their networks left out:
# .7499566 and 0; 9.976.
IMAGES = column([[(1.0, 0, 0)], [(0, 1.0, 0)]])
TEXTS = column([[(0.3, 0.954, 0)], [(-0.2, -0.1, 0.97)]])


def test_scores_are_those_of_clipscore():
    assert items(ClipScore(), TEXTS, IMAGES) == pytest.approx([0.7499566, 0.0], abs=1e-7)
    assert corpus(ClipScore(), TEXTS, IMAGES) == pytest.approx(0.3749783, abs=1e-7)


def test_torchmetrics_clips_the_mean_and_not_the_items():
    # cosines .29998 and -.10046: 100 times their mean is 9.976, not 14.999
    assert corpus(ClipScore("torchmetrics"), TEXTS, IMAGES) == pytest.approx(9.976, abs=1e-3)
    assert corpus(ClipScore("cosine100"), TEXTS, IMAGES) == pytest.approx(14.99913, abs=1e-4)


def test_a_negative_mean_is_0_in_torchmetrics():
    away = column([[(-1.0, 0, 0)], [(0, -1.0, 0)]])
    assert corpus(ClipScore("torchmetrics"), away, IMAGES) == 0.0


def test_only_the_original_puts_texts_into_a_prompt():
    needs = {variant: ClipScore(variant).needs()[0] for variant in ("hessel", "torchmetrics")}
    assert not needs["hessel"].endswith("@plain")
    assert needs["torchmetrics"] == f"{needs['hessel']}@plain"


def test_the_scale_of_a_variant_is_told():
    (hessel,), (other,) = ClipScore().outputs(), ClipScore("torchmetrics").outputs()
    assert hessel.range == (0.0, 2.5)
    assert (other.range, other.unit, other.kind) == ((0.0, 100.0), "points", "ratio")


def test_items_without_an_image_are_skipped_with_the_reason():
    images = column([[None], [None], [(1.0, 0, 0)]], reasons={1: "b.jpg: it is damaged"})
    texts = column([[(1.0, 0, 0)]] * 3)
    found = measured(ClipScore(), texts, images)
    assert found.skips == {0: "image not found", 1: "image cannot be read"}
    assert found.values.tolist() == [[0.0, 0.0], [0.0, 0.0], [2.5, 1.0]]


def test_the_harmonic_mean_takes_the_nearest_reference():
    # 2.5 · .6 = 1.5 with the image; cosines .8 and 0 with the references: 2·1.5·.8/2.3
    text, image = column([[(0.6, 0.8)]]), column([[(1.0, 0)]])
    references = column([[(0, 1.0), (0.8, -0.6)]])
    assert items(RefClipScore(), text, references, image) == pytest.approx([2.4 / 2.3])


@pytest.mark.parametrize(
    ("text", "reference", "paper", "code"),
    [
        ((1.0, 0), (-1.0, 0), 0.0, 2 * 2.5 * -1 / 1.5),  # a negative cosine with the reference
        ((-1.0, 0), (-1.0, 0), 0.0, 0.0),  # 0 with the image, 1 with the reference
        ((0, 1.0), (1.0, 0), 0.0, None),  # 0 with both: the script prints nan
    ],
)
def test_where_nothing_fits_the_paper_gives_0_and_the_script_what_it_gives(
    text, reference, paper, code
):
    columns = column([[text]]), column([[reference]]), column([[(1.0, 0)]])
    assert items(RefClipScore(), *columns) == [pytest.approx(paper)]
    found = measured(RefClipScore("code"), *columns)
    if code is None:
        assert found.skips == {0: "both parts cancel"}
    else:
        assert found.values.tolist() == [[pytest.approx(code), 1.0]]


def test_items_without_a_reference_are_skipped():
    text = column([[(1.0, 0)], [(1.0, 0)]])
    found = measured(RefClipScore(), text, column([[], [(1.0, 0)]]), text)
    assert found.skips == {0: "no_reference"}
    assert found.values[1].tolist() == pytest.approx([10 / 7, 1.0])


def test_vectors_of_any_length_are_compared_by_their_angle():
    assert items(ClipScore(), column([[(30.0, 40.0)]]), column([[(0.0, 0.5)]])) == [
        pytest.approx(2.5 * 0.8)
    ]


def test_cut_texts_are_counted_and_a_longer_model_is_named():
    found = measured(
        ClipScore(), column([[(1.0, 0)], [(0, 1.0)]], n_cut=[0, 3]), column([[(1.0, 0)]] * 2)
    )
    (notice,) = ClipScore().advise(found.facts, 2)
    assert notice.code == "texts_cut"
    assert "1 caption truncated, 3 tokens lost" in notice.message
    assert "LongCLIP" in notice.message
    (other,) = ClipScore(model="zer0int/LongCLIP-GmP-ViT-L-14").advise(found.facts, 2)
    assert "model=" not in other.message  # it is that model, or one of another kind


def test_the_same_cut_captions_are_told_once_for_two_metrics():
    text, image = column([[(1.0, 0)], [(0, 1.0)]], n_cut=[0, 3]), column([[(1.0, 0)]] * 2)
    references = column([[(1.0, 0)], [(0, 1.0)]], n_cut=[1, 1])
    alone = ClipScore().advise(measured(ClipScore(), text, image).facts, 2)
    facts = measured(RefClipScore(), text, references, image).facts
    captions, others = RefClipScore().advise(facts, 2)
    assert (captions,) == alone  # equal notices are shown once
    assert "2 references truncated, 2 tokens lost" in others.message


def circle(*degrees):
    return column([[(math.cos(math.radians(d)), math.sin(math.radians(d)))] for d in degrees])


def test_a_caption_finds_its_image_by_its_place_among_all():
    # Images at 0, 10, 20 and 30 degrees; captions at 1 (own first), 18 (own at 10 comes second),
    # 21 (own first) and -50 (own at 30 comes last).
    metric = ClipRetrieval(k=(1, 2, 3))
    found = measured(metric, circle(1, 18, 21, -50), circle(0, 10, 20, 30))
    assert found.values.tolist() == [
        [1, 1, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1],
    ]  # fmt: skip


def test_ties_score_the_chance_of_being_among_the_first():
    # All captions are as near to all four images: one of four, and two of four.
    text, images = (
        column([[(0, 0, 1.0)]] * 4),
        column([[(1.0, 0, 0)], [(0, 1.0, 0)], [(-1.0, 0, 0)], [(0, -1.0, 0)]]),
    )
    found = measured(ClipRetrieval(k=(1, 2, 5)), text, images)
    assert found.values.tolist() == [[0.25, 0.5, 1.0, 1.0]] * 4


def test_an_image_of_several_items_is_in_the_gallery_once():
    found = measured(ClipRetrieval(k=(1,)), circle(0, 0, 90), circle(0, 0, 90))
    assert found.values.tolist() == [[1.0, 1.0]] * 3


def test_one_image_is_no_gallery():
    found = measured(ClipRetrieval(k=(1,)), circle(0, 40), circle(90, 90))
    assert found.skips == dict.fromkeys(
        (0, 1), "the run has one image, and there is nothing to search"
    )
    assert found.values.tolist() == [[0.0, 0.0]] * 2


def test_the_table_says_what_guessing_reaches():
    metric = ClipRetrieval(k=(1, 5))
    columns = circle(0, 90, 180, 270), circle(0, 90, 180, 270)
    own = dict(zip(metric.needs(), columns, strict=True))
    batch = Batch(["a", "b", "c", "d"], [""] * 4, [[]] * 4, columns=own)
    found = measure([metric], batch, NoProgress())[0]
    table = metric.tables(found.statistics, found.context)["retrieval"]
    assert table.rows == [(1, 1.0, 0.25), (5, 1.0, 1.0)]


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_chunks_and_batches_change_nothing(seed, cells):
    from vlmeval_cli.metrics import clip_retrieval

    random = np.random.default_rng(seed)
    texts, images = (column([[v] for v in random.normal(size=(9, 4))]) for _ in range(2))
    metric = ClipRetrieval(k=(1, 3))
    whole_run = measured(metric, texts, images)
    plain = (
        texts.vectors @ (images.vectors / np.linalg.norm(images.vectors, axis=1, keepdims=True)).T
    )
    place = (plain > np.diag(plain)[:, None]).sum(axis=1)
    assert whole_run.values[:, 0].tolist() == (place < 1).astype(float).tolist()
    assert whole_run.values[:, 1].tolist() == (place < 3).astype(float).tolist()
    held, clip_retrieval._CELLS = clip_retrieval._CELLS, cells
    try:
        np.testing.assert_array_equal(measured(metric, texts, images).values, whole_run.values)
    finally:
        clip_retrieval._CELLS = held


def test_any_recall_can_be_asked_for_by_name():
    (chosen,) = choose([parse_metric_spec("clip_recall_at_3")])
    assert chosen.metric == ClipRetrieval(k=(3,))
    assert build(parse_metric_spec("clip_retrieval:k=1+10")) == ClipRetrieval(k=(1, 10))


@pytest.mark.parametrize("k", [(), (0,), (1, 1)])
def test_ranks_that_make_no_sense_are_refused(k):
    written = "+".join(map(str, k))
    with pytest.raises(UsageError, match=re.escape(f'clip_retrieval:k: got "{written}"')):
        ClipRetrieval(k=k)
