"""CLIP's vectors: those of transformers, and of its definition in float64."""

import json
import os

import numpy as np
import pytest
from neural.plain_clip import PlainClip

from vlmeval_cli.api import compare, score
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError, UsageError
from vlmeval_cli.core.keywords import run_config
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.models import clip, clip_network
from vlmeval_cli.models.clip import ClipEncoder
from vlmeval_cli.models.images import pixels_of
from vlmeval_cli.models.loading import locate
from vlmeval_cli.runs.running import run_score

HEADS, PATCH, SIDE, LIMIT = 2, 8, 32, 24
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
ON_CPU = ModelPolicy(device="cpu", cache=False)
CAPTIONS = [
    "a dog runs",
    "a man sits on a horse",
    "",
    "two cats, and a child with a red ball in the park",  # too long once it is cut into letters
    "a dog runs",
]


def _letters():
    """The 512 tokens of a byte-level vocabulary without merges, and the two special ones."""
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    return [*letters, *(f"{letter}</w>" for letter in letters), BOS, EOS]


def _saved(model, folder):
    model.eval().save_pretrained(folder)
    tokens = _letters()
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    settings = {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": LIMIT, "bos_token": BOS,
        "eos_token": EOS, "pad_token": EOS, "unk_token": EOS,
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    return folder


@pytest.fixture(scope="module")
def small_clip(tmp_path_factory):
    """A CLIP of 2 + 2 layers with random weights, far enough from zero to tell inputs apart."""
    import torch
    from transformers import CLIPConfig, CLIPModel

    folder = tmp_path_factory.mktemp("small-clip")
    layers = {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": HEADS,
        "intermediate_size": 32,
    }  # fmt: skip
    n = len(_letters())
    config = CLIPConfig(
        text_config={
            **layers, "vocab_size": n, "max_position_embeddings": LIMIT, "bos_token_id": n - 2,
            "eos_token_id": n - 1, "pad_token_id": n - 1,
        },
        vision_config={**layers, "image_size": SIDE, "patch_size": PATCH},
        projection_dim=12,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CLIPModel(config)
        for weights in model.parameters():
            weights.data += 0.3 * torch.randn_like(weights)
    return _saved(model, folder)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Six pictures of different sizes."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(7)
    for i, (width, height) in enumerate(
        [(60, 40), (40, 60), (32, 32), (90, 32), (64, 64), (50, 41)]
    ):
        values = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(values).save(folder / f"{i}.png")
    return sorted(folder.iterdir())


def encoder(folder, **policy):
    located = locate(str(folder), user="a test", offline=True)
    return ClipEncoder(located, ModelPolicy(**{"device": "cpu", "cache": False, **policy}))


def test_vectors_of_texts_are_those_of_transformers(small_clip):
    import torch
    from transformers import CLIPModel, CLIPTokenizer

    model = CLIPModel.from_pretrained(small_clip)
    tokenizer = CLIPTokenizer.from_pretrained(small_clip)
    texts = [clip.PROMPT + text for text in CAPTIONS]
    given = tokenizer(texts, padding=True, truncation=True, max_length=LIMIT, return_tensors="pt")
    with torch.inference_mode():
        found = model.get_text_features(**given)
    expected = getattr(found, "pooler_output", found).numpy()
    ours = encoder(small_clip).text_vectors(CAPTIONS).vectors
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 0.1  # the texts are told apart


def test_vectors_of_texts_are_those_of_the_definition(small_clip):
    from transformers import CLIPTokenizer

    plain = PlainClip(small_clip, HEADS, PATCH)
    tokenizer = CLIPTokenizer.from_pretrained(small_clip)
    ours = encoder(small_clip).text_vectors(CAPTIONS, is_plain=True).vectors
    for text, found in zip(CAPTIONS, ours, strict=True):
        ids = tokenizer(text).input_ids
        ids = ids if len(ids) <= LIMIT else [*ids[: LIMIT - 1], ids[-1]]  # the end token stays
        np.testing.assert_allclose(found, plain.text(ids), atol=1e-5)


def test_texts_that_are_cut_are_counted(small_clip):
    n_cut = encoder(small_clip).text_vectors(CAPTIONS, is_plain=True).n_cut.tolist()
    letters = len(CAPTIONS[3].replace(" ", "")) + 2  # a token a letter, and both ends
    assert n_cut == [0, 0, 0, letters - LIMIT, 0]


def test_a_lone_surrogate_is_read_as_a_question_mark(small_clip):
    odd, plain = encoder(small_clip).text_vectors(["a dog \ud800 x", "a dog ? x"]).vectors
    np.testing.assert_allclose(odd, plain, atol=1e-6)


def test_a_folder_that_does_not_say_how_it_wants_its_images_is_told_of(
    small_clip, pictures, tmp_path
):
    told = []

    class Listener(NoProgress):
        def tell(self, line):
            told.append(line)

    images = [str(pictures[0])]
    for settings in (None, {"size": {"shortest_edge": SIDE}, "crop_size": SIDE}):
        if settings:
            for file in small_clip.iterdir():
                (tmp_path / file.name).write_bytes(file.read_bytes())
            (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings), "utf-8")
        located = locate(str(tmp_path if settings else small_clip), user="a test", offline=True)
        ClipEncoder(located, ON_CPU, "a test", Listener()).image_vectors(images)
    (line,) = told
    assert "has no preprocessor_config.json" in line


def test_the_network_says_how_much_it_takes_where_its_tokenizer_says_less(small_clip, tmp_path):
    for file in small_clip.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    settings["model_max_length"] = 5
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    expected = encoder(small_clip).text_vectors(CAPTIONS)
    found = encoder(tmp_path).text_vectors(CAPTIONS)
    np.testing.assert_array_equal(found.n_cut, expected.n_cut)
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-6)


def test_vectors_of_images_are_those_of_the_definition(small_clip, pictures):
    plain, ours = PlainClip(small_clip, HEADS, PATCH), encoder(small_clip)
    how = ours.preparation()
    assert how.side == SIDE
    found = ours.image_vectors([*map(str, pictures)])
    assert not found.reasons
    for file, vector in zip(pictures, found.found.vectors, strict=True):
        pixels = pixels_of(file.read_bytes(), how)
        expected = plain.image(pixels, np.array(how.mean), np.array(how.std))
        np.testing.assert_allclose(vector, expected, atol=1e-5)


def test_vectors_of_images_are_those_of_transformers(small_clip, pictures):
    import torch
    from PIL import Image
    from transformers import CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    model = CLIPModel.from_pretrained(small_clip)
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    # Sizes whose crop lies on whole pixels: transformers rounds halves to the other side.
    even = [file for file in pictures if file.stem in "234"]
    images = [Image.open(file) for file in even]
    given = processor(images=images, return_tensors="pt")
    with torch.inference_mode():
        found = model.get_image_features(**given)
    expected = getattr(found, "pooler_output", found).numpy()
    ours = encoder(small_clip).image_vectors([*map(str, even)]).found.vectors
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def unit(vectors):
    """Vectors of length 1: what metrics compare."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_vectors_do_not_depend_on_batches_and_order(small_clip, pictures, size):
    sources = [*map(str, pictures)]
    whole, small = encoder(small_clip), encoder(small_clip, batch_size=size)
    one, other = whole.text_vectors(CAPTIONS), small.text_vectors(CAPTIONS[::-1])
    np.testing.assert_allclose(unit(other.vectors)[::-1], unit(one.vectors), atol=1e-6)
    one, other = whole.image_vectors(sources).found, small.image_vectors(sources[::-1]).found
    np.testing.assert_allclose(unit(other.vectors)[::-1], unit(one.vectors), atol=1e-6)


def test_out_of_memory_halves_the_images(small_clip, pictures, monkeypatch):
    import torch

    sources = [*map(str, pictures)]
    expected = encoder(small_clip).image_vectors(sources).found.vectors
    sizes, plain = [], clip_network._pooled

    def narrow(found):
        features = plain(found)
        sizes.append(len(features))
        if len(features) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return features

    monkeypatch.setattr(clip_network, "_pooled", narrow)
    found = encoder(small_clip).image_vectors(sources).found.vectors
    assert sizes == [6, 3, 2, 1, 3, 2, 1]
    np.testing.assert_allclose(unit(found), unit(expected), atol=1e-6)


def images_seen(monkeypatch):
    """A list that gets the size of every batch of images that a network sees."""
    seen, plain = [], clip_network.ClipNetwork._seen

    def noted(network, pixels, how):
        seen.append(len(pixels))
        return plain(network, pixels, how)

    monkeypatch.setattr(clip_network.ClipNetwork, "_seen", noted)
    return seen


def test_equal_images_are_encoded_once_and_unreadable_ones_named(
    small_clip, pictures, tmp_path, monkeypatch
):
    copy, broken = tmp_path / "copy.png", tmp_path / "broken.png"
    copy.write_bytes(pictures[0].read_bytes())
    broken.write_bytes(b"no picture")
    seen = images_seen(monkeypatch)
    found = encoder(small_clip).image_vectors([*map(str, [pictures[0], broken, copy, pictures[1]])])
    assert seen == [2]
    np.testing.assert_array_equal(found.found.vectors[0], found.found.vectors[2])
    assert found.reasons == {1: f"{broken}: it is no picture of a kind that Pillow reads"}


def test_what_is_kept_needs_no_network(small_clip, pictures, monkeypatch):
    sources = [*map(str, pictures)]
    first = encoder(small_clip, cache=True)
    images, texts = first.image_vectors(sources), first.text_vectors(CAPTIONS[:4], is_plain=True)
    monkeypatch.setattr(clip_network, "_load", None)
    again = encoder(small_clip, cache=True)
    clip_network.forget_clip_networks()
    np.testing.assert_array_equal(
        again.image_vectors(sources[::-1]).found.vectors[::-1], images.found.vectors
    )
    found = again.text_vectors(CAPTIONS[:4], is_plain=True)
    np.testing.assert_array_equal(found.vectors, texts.vectors)
    np.testing.assert_array_equal(found.n_cut, texts.n_cut)


def test_addresses_are_fetched_every_time(small_clip, pictures, monkeypatch):
    import urllib.request
    from io import BytesIO

    address = "https://example.org/today.png"
    found = []
    for file in pictures[:2]:
        content = file.read_bytes()
        monkeypatch.setattr(urllib.request, "urlopen", lambda *_, c=content, **__: BytesIO(c))
        own = encoder(small_clip, cache=True, fetch_images=True)
        found.append(own.image_vectors([address]).found.vectors)
    assert not np.allclose(found[0], found[1], atol=1e-3)
    offline = encoder(small_clip, fetch_images=True, offline=True).image_vectors([address])
    assert offline.reasons


def test_the_prompt_and_the_text_are_kept_apart(small_clip):
    own = encoder(small_clip, cache=True)
    prompted = own.text_vectors(["a dog"]).vectors
    plain = own.text_vectors(["a dog"], is_plain=True).vectors
    assert not np.allclose(unit(plain), unit(prompted), atol=1e-3)


def test_half_precision_stays_near(small_clip, pictures):
    sources = [*map(str, pictures)]
    exact, near = encoder(small_clip), encoder(small_clip, dtype="bf16")
    one = exact.image_vectors(sources).found.vectors
    other = near.image_vectors(sources).found.vectors
    assert (unit(one) * unit(other)).sum(axis=1).min() > 0.999


def test_a_model_of_texts_alone_is_refused(tiny_bert, pictures):
    with pytest.raises(ModelError, match="no network of texts and images"):
        encoder(tiny_bert).image_vectors([str(pictures[0])])


def test_siglip_texts_are_filled_up_to_the_limit(tmp_path):
    import torch
    from transformers import CLIPTokenizer, SiglipConfig, SiglipModel

    layers = {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 32,
    }  # fmt: skip
    n = len(_letters())
    config = SiglipConfig(
        text_config={
            **layers,
            "vocab_size": n,
            "max_position_embeddings": LIMIT,
            "projection_size": 16,
        },
        vision_config={**layers, "image_size": SIDE, "patch_size": PATCH},
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = SiglipModel(config)
    folder = _saved(model, tmp_path)
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    given = tokenizer(CAPTIONS[:2], padding="max_length", max_length=LIMIT, return_tensors="pt")
    with torch.inference_mode():
        found = SiglipModel.from_pretrained(folder).get_text_features(input_ids=given.input_ids)
    expected = getattr(found, "pooler_output", found).numpy()
    ours = encoder(folder).text_vectors(CAPTIONS[:2], is_plain=True).vectors
    np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.fixture
def files(tmp_path, pictures):
    """Captions and references of the six pictures, as files."""
    captions = [*CAPTIONS, "a child on the grass"]
    preds, refs = tmp_path / "preds.jsonl", tmp_path / "refs.jsonl"
    rows = [
        {"id": file.stem, "caption": text} for file, text in zip(pictures, captions, strict=True)
    ]
    preds.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    rows = [{"id": file.stem, "captions": ["a dog", f"a picture {file.stem}"]} for file in pictures]
    refs.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return str(preds), str(refs)


def plain_cosines(folder, pictures, texts):
    """Cosines of prompted texts with their images, in float64 from the definition."""
    from transformers import CLIPTokenizer

    plain, tokenizer = PlainClip(folder, HEADS, PATCH), CLIPTokenizer.from_pretrained(folder)
    how = encoder(folder).preparation()
    images = [
        plain.image(pixels_of(file.read_bytes(), how), np.array(how.mean), np.array(how.std))
        for file in pictures
    ]
    words = []
    for text in texts:
        ids = tokenizer(clip.PROMPT + text).input_ids
        words.append(plain.text(ids if len(ids) <= LIMIT else [*ids[: LIMIT - 1], ids[-1]]))
    one, two = (np.array(found) for found in (words, images))
    return unit(one) @ unit(two).T


def test_scores_of_a_run_are_those_of_the_definition(small_clip, pictures, files):
    names = [f"clip_score:model={small_clip}", f"clip_retrieval:k=1+3:model={small_clip}"]
    config = run_config(metrics=names, images=str(pictures[0].parent))
    result = run_score(*files, config)
    found = {name.partition("[")[0]: one.value for name, one in result.scores.items()}
    nearness = plain_cosines(small_clip, pictures, [*CAPTIONS, "a child on the grass"])
    assert found["clip_score"] == pytest.approx(
        2.5 * np.maximum(np.diag(nearness), 0).mean(), abs=1e-6
    )
    place = (nearness > np.diag(nearness)[:, None]).sum(axis=1)
    assert found["clip_recall_at_1"] == pytest.approx((place < 1).mean())
    assert found["clip_recall_at_3"] == pytest.approx((place < 3).mean())
    assert any(notice.code == "texts_cut" for notice in result.warnings)


def test_compared_runs_encode_images_once(small_clip, pictures, files, monkeypatch):
    seen = images_seen(monkeypatch)
    preds, refs = files
    compare(
        {"one": preds, "two": preds},
        refs,
        metrics=f"clip_score:model={small_clip}",
        images=str(pictures[0].parent),
    )
    assert seen == [6]


def test_unreadable_and_missing_images_are_skipped_and_named(small_clip, pictures, files, tmp_path):
    folder = tmp_path / "some"
    folder.mkdir()
    for file in pictures[:4]:
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "4.png").write_bytes(b"no picture")
    config = run_config(metrics=f"clip_score:model={small_clip}", images=str(folder))
    result = run_score(*files, config)
    (found,) = result.scores.values()
    assert found.n == 4
    assert found.skipped == {"image not found": 1, "image cannot be read": 1}
    told = {notice.code: notice.message for notice in result.warnings}
    assert "4.png: it is no picture" in told["unreadable_images"]
    assert '1 item has no image: "5"' in told["missing_images"]


def test_captions_without_references_are_held_against_images_alone(small_clip, pictures, files):
    preds, refs = files
    folder = str(pictures[0].parent)
    metrics = [f"clip_score:model={small_clip}", f"clip_retrieval:model={small_clip}"]
    config = run_config(metrics=metrics, images=folder)
    alone, both = run_score(preds, None, config), run_score(preds, refs, config)
    assert alone.task == "captioning"
    assert {name: one.value for name, one in alone.scores.items()} == {
        name: one.value for name, one in both.scores.items()
    }


def test_a_metric_of_references_still_asks_for_them(small_clip, pictures, files):
    metrics = [f"clip_score:model={small_clip}", "bleu"]
    with pytest.raises(UsageError, match="may hold references or predictions"):
        run_score(files[0], None, run_config(metrics=metrics, images=str(pictures[0].parent)))


def test_scores_name_the_weights_in_their_signature(small_clip, pictures, files):
    folder = str(pictures[0].parent)
    result = score(*files, metrics=f"clip_score:model={small_clip}", images=folder, device="cpu")
    (found,) = result.scores.values()
    assert found.signature.comparable["weights"] == encoder(small_clip).located.digest
    assert {"torch", "transformers", "pillow"} <= found.signature.recorded.keys()


def test_the_example_of_clipscore_runs(small_clip, shared):
    folder = shared / "clipscore_example"
    names = [f"{name}:model={small_clip}" for name in ("clip_score", "ref_clip_score")]
    config = run_config(metrics=names, images=str(folder / "images"))
    result = run_score(folder / "good_captions.json", folder / "refs.json", config)
    assert [score.n for score in result.scores.values()] == [2, 2]


def test_with_the_weights_of_openai_the_example_scores_what_its_authors_print(shared):
    """No package carries them: VLMEVAL_TEST_CLIP names a folder of clip-vit-base-patch32."""
    weights = os.environ.get("VLMEVAL_TEST_CLIP")
    if not weights:
        pytest.skip("VLMEVAL_TEST_CLIP names no folder with openai/clip-vit-base-patch32")
    folder = shared / "clipscore_example"
    names = [f"{name}:model={weights}" for name in ("clip_score", "ref_clip_score")]
    config = run_config(metrics=names, images=str(folder / "images"))
    for name, expected in {"good": (0.8585, 0.8450), "bad": (0.7153, 0.7253)}.items():
        result = run_score(folder / f"{name}_captions.json", folder / "refs.json", config)
        found = [score.value for score in result.scores.values()]
        assert found == pytest.approx(expected, abs=5e-4)
