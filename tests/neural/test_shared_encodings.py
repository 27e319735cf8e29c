"""Within a comparison a text or image has one vector, whether or not a cache is kept on disk."""

import json
import random

import numpy as np
import pytest

from vlmeval_cli import api
from vlmeval_cli.core.batch import TextColumn
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.encode import Encoder, need_of
from vlmeval_cli.models import columns
from vlmeval_cli.models.cache import EncodingCache, Entry
from vlmeval_cli.models.clip_network import ClipNetwork
from vlmeval_cli.models.memo import Memo
from vlmeval_cli.models.passes import Pass

WORDS = ["dog", "cat", "man", "woman", "child", "ball", "park", "street", "water", "horse"]
SILENT = NoProgress()


def captions(seed, n):
    """Captions of 3 to 14 words, so that batches of other texts are padded otherwise."""
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randint(3, 14))) for _ in range(n)]


@pytest.fixture
def encoded(monkeypatch):
    """Texts that went through the network."""
    found = []
    real = Pass.run

    def run(self, ids, devices, deliver):
        found.extend(ids)
        return real(self, ids, devices, deliver)

    monkeypatch.setattr(Pass, "run", run)
    return found


@pytest.fixture
def runs(tmp_path):
    """Two runs that differ in the caption of one item of sixty, and their references."""

    def written(name, key, values):
        rows = [{"id": f"i{i}", key: value} for i, value in enumerate(values)]
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return str(path)

    mine, changed = captions(1, 60), captions(1, 60)
    changed[7] = "a dog"
    references = [list(pair) for pair in zip(captions(2, 60), captions(3, 60), strict=True)]
    texts = {*mine, *changed, *(text for own in references for text in own)}
    written_runs = {name: written(name, "caption", own) for name, own in
                    (("base", mine), ("other", changed))}  # fmt: skip
    return written_runs, written("refs", "captions", references), texts


@pytest.mark.parametrize("cache", [False, True], ids=["no cache", "cache"])
@pytest.mark.parametrize("metric", ["bert_score:model={}:layer=2", "semantic_similarity:model={}"])
def test_equal_captions_of_compared_runs_score_equal_and_each_text_is_encoded_once(
    metric, cache, runs, tiny_bert, encoded
):
    files, references, texts = runs
    found = api.compare(
        files, references, metrics=[metric.format(tiny_bert)], device="cpu", cache=cache,
        resamples=0,
    )  # fmt: skip
    assert {"floors"} <= set(found.tables)  # people and chance were scored too
    first, second = (run.result.items.scores for run in found.runs)
    for name, scores in first.items():
        assert np.flatnonzero(scores != second[name]).tolist() == [7], name
    assert len(encoded) == len(texts)


def column(encoder, folder, texts, progress=SILENT):
    need = need_of(f"prediction.token_vectors:{folder}@2")
    source = TextColumn(texts, np.arange(len(texts) + 1))
    return encoder.column(need, source, ModelPolicy(device="cpu", cache=False), progress)


def test_known_texts_have_their_vectors_beside_other_texts(tiny_bert, encoded):
    encoder, texts = Encoder(), [*captions(4, 30), ""]
    first = column(encoder, tiny_bert, texts).found
    second = column(encoder, tiny_bert, ["a new one", *reversed(texts)]).found
    assert len(encoded) == 32
    for i in range(31):
        mine = slice(first.offsets[i], first.offsets[i + 1])
        theirs = slice(second.offsets[31 - i], second.offsets[32 - i])
        np.testing.assert_array_equal(first.vectors[mine], second.vectors[theirs])
        np.testing.assert_array_equal(first.ids[mine], second.ids[theirs])


def test_texts_that_differ_in_blanks_at_their_ends_are_one(tiny_bert, encoded):
    found = column(Encoder(), tiny_bert, ["a dog", " a dog\n", "a cat", "a dog"])
    assert len(encoded) == 2
    assert found.which.tolist() == [0, 0, 1, 0]


def test_another_process_that_fills_the_cache_moves_nothing(tiny_bert, monkeypatch):
    encoder, texts = Encoder(), captions(5, 20)
    need = need_of(f"prediction.sentence_vectors:{tiny_bert}")
    policy = ModelPolicy(device="cpu")

    def vectors(texts):
        source = TextColumn(texts, np.arange(len(texts) + 1))
        return encoder.column(need, source, policy, SILENT).vectors

    first = vectors(texts)
    real = EncodingCache.vectors
    monkeypatch.setattr(
        EncodingCache, "vectors",
        lambda self, numbers: ((number, flat + 1e-7) for number, flat in real(self, numbers)),
    )  # fmt: skip
    np.testing.assert_array_equal(vectors([*texts, "a horse"])[:20], first)


def test_clip_texts_and_images_are_encoded_once_without_a_cache(tiny_clip, tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    seen = {"texts": 0, "images": 0}
    of_texts, of_images = ClipNetwork.text_features, ClipNetwork.image_features

    def text_features(self, texts, ids):
        seen["texts"] += len(ids)
        return of_texts(self, texts, ids)

    def image_features(self, pixels, how):
        seen["images"] += len(pixels)
        return of_images(self, pixels, how)

    monkeypatch.setattr(ClipNetwork, "text_features", text_features)
    monkeypatch.setattr(ClipNetwork, "image_features", image_features)
    sources = []
    for i in range(5):
        sources.append(str(tmp_path / f"{i}.png"))
        image.new("RGB", (40, 40), (50 * i, 20, 90)).save(sources[-1])
    encoder, policy = Encoder(), ModelPolicy(device="cpu", cache=False)
    listener = Listener()

    def found(side, values):
        need = need_of(f"{side}.clip_vectors:{tiny_clip}")
        source = TextColumn(values, np.arange(len(values) + 1))
        return encoder.column(need, source, policy, listener).vectors

    texts = captions(6, 9)
    first, second = found("prediction", texts), found("references", [*texts[::-1], "a horse"])
    np.testing.assert_array_equal(first, second[8::-1])
    first, second = found("image", sources[:4]), found("image", sources[::-1])
    np.testing.assert_array_equal(first, second[:0:-1])
    assert seen == {"texts": 10, "images": 5}
    assert [phase[1:] for phase in listener.phases] == [[9, 9], [1, 1], [4, 4], [1, 1]]


def test_vectors_that_stay_in_memory_together_are_bounded(monkeypatch):
    monkeypatch.setattr(columns, "MOST_IN_MEMORY", 1000)
    memo = Memo()
    block = np.arange(200, dtype=np.float32).reshape(50, 4)  # 800 bytes
    memo.keep([entry(i, block[i : i + 1]) for i in range(50)], block)
    assert memo.held == 800
    assert not isinstance(columns.room(10, 4, memo.held), np.memmap)
    assert isinstance(columns.room(20, 4, memo.held), np.memmap)


def test_vectors_in_temporary_files_are_the_same(tiny_bert, encoded, monkeypatch):
    encoder, texts = Encoder(), captions(8, 30)
    plain = column(Encoder(), tiny_bert, texts).vectors
    monkeypatch.setattr(columns, "MOST_IN_MEMORY", 0)
    first = column(encoder, tiny_bert, texts).vectors
    second = column(encoder, tiny_bert, [*texts, "a horse"]).vectors
    assert isinstance(second, np.memmap)
    np.testing.assert_array_equal(first, plain)
    np.testing.assert_array_equal(second[: len(first)], first)
    assert len(encoded) == 30 + 30 + 1


def test_a_few_new_vectors_do_not_keep_the_whole_of_a_column():
    memo = Memo()
    block = np.arange(400, dtype=np.float32).reshape(100, 4)
    memo.keep([entry(3, block[3:5]), entry(4, block[5:6])], block)
    assert memo.held == 3 * 4 * 4
    known = memo.known([b"3", None, b"9", b"4"])
    assert sorted(known) == [0, 3]
    np.testing.assert_array_equal(known[0].vectors, block[3:5])
    np.testing.assert_array_equal(known[3].vectors, block[5:6])
    assert not np.shares_memory(known[0].vectors, block)


class Listener(NoProgress):
    """Notes every phase, with its steps and how many of them are done."""

    def __init__(self):
        self.phases = []

    def start(self, label, total):
        self.phases.append([label, total, 0])

    def advance(self, n):
        self.phases[-1][2] += n


def test_encoding_tells_how_many_texts_are_done_of_those_that_are_to_be_encoded(tiny_bert):
    encoder, texts, listener = Encoder(), captions(7, 40), Listener()
    label = f"encoding texts ({tiny_bert})"
    column(encoder, tiny_bert, texts, listener)
    column(encoder, tiny_bert, [*texts, "a horse"], listener)
    assert listener.phases == [[label, 40, 40], [label, 1, 1]]


def entry(name, vectors):
    return Entry(b"%d" % name, np.zeros(0, dtype=np.int32), 0, vectors)
