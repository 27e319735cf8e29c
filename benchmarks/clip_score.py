"""How many images a second become vectors, with a network of the shape of CLIP ViT-B/32.

    python benchmarks/clip_score.py            a smoke run on this machine's CPU
    python benchmarks/clip_score.py --gpu      the same on CUDA, in float32, bf16 and fp16

Weights are random: no vector means anything, and every one takes the time of a real one. Told are
images a second past decoding (pixels lie in memory), those from JPEG files, and the loop that
transformers documents on the same files, whose vectors must be ours. The share of the roofline is
that of the multiplications that a large matrix product reaches on the same device with the same
numbers, which is measured too. Utilisation is the share of the time in which the device was busy.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.models.clip import ClipEncoder
from vlmeval_cli.models.clip_network import ClipNetwork, forget_clip_networks
from vlmeval_cli.models.devices import Copies, Device
from vlmeval_cli.models.images import Preparation
from vlmeval_cli.models.loading import locate

WANTED = 5_000  # images a second on a GPU, past decoding
SIDE, PATCH = 224, 32


def made_model(folder):
    """A folder with a network of CLIP ViT-B/32's shape."""
    torch.manual_seed(0)
    CLIPModel(CLIPConfig()).eval().save_pretrained(folder)
    return folder


def made_images(folder, n):
    """JPEG files of 640 × 480, smooth as photos are."""
    random = np.random.default_rng(0)
    for i in range(n):
        coarse = random.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
        image.save(folder / f"{i}.jpg", quality=90)
    return sorted(map(str, folder.glob("*.jpg")))


def flops_of_an_image():
    """Multiplications and additions of the image tower of ViT-B/32, 2 each."""
    vision = CLIPConfig().vision_config
    tokens, width = (SIDE // PATCH) ** 2 + 1, vision.hidden_size
    weights = 4 * width**2 + 2 * width * vision.intermediate_size
    layer = 2 * tokens * weights + 4 * tokens**2 * width
    patches = 2 * (tokens - 1) * 3 * PATCH**2 * width
    return vision.num_hidden_layers * layer + patches


def reachable_flops(device, size):
    """What a large matrix product reaches on the device."""
    one = torch.randn(size, size, device=device.name, dtype=device.torch_dtype)
    with torch.inference_mode():
        one @ one
        waited(device)
        start, n = time.perf_counter(), 10
        for _ in range(n):
            one @ one
        waited(device)
    return n * 2 * size**3 / (time.perf_counter() - start)


def waited(device):
    if device.kind == "cuda":
        torch.cuda.synchronize()


def past_decoding(network, how, n, size):
    """Images a second, and the share of the time in which the device was busy."""
    device = network.device
    pixels = np.random.default_rng(1).integers(0, 256, (size, SIDE, SIDE, 3), dtype=np.uint8)
    got = []
    copies = Copies(device, lambda places, rows: got.append(len(rows)))
    places = np.arange(size)
    for _ in range(2):  # the first batches choose kernels
        copies.add(places, network.image_features(pixels, how))
    copies.finish()
    waited(device)
    got.clear()
    spans = []
    start = time.perf_counter()
    for _ in range(max(1, n // size)):
        if device.kind == "cuda":
            spans.append([torch.cuda.Event(enable_timing=True) for _ in range(2)])
            spans[-1][0].record()
        features = network.image_features(pixels, how)
        if spans:
            spans[-1][1].record()
        copies.add(places, features)
    copies.finish()
    seconds = time.perf_counter() - start
    busy = sum(one.elapsed_time(other) for one, other in spans) / 1000 if spans else seconds
    return sum(got) / seconds, min(busy / seconds, 1.0)


def by_transformers(folder, sources, device, size):
    """The documented loop: processor and network, batch by batch."""
    model = CLIPModel.from_pretrained(folder, dtype=device.torch_dtype).eval().to(device.name)
    # floors where torchvision rounds: 640 × 480 gives 298 × 224, whose crop is the same in both
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    start, parts = time.perf_counter(), []
    with torch.inference_mode():
        for first in range(0, len(sources), size):
            images = [Image.open(source) for source in sources[first : first + size]]
            given = processor(images=images, return_tensors="pt").to(device.name)
            given = given["pixel_values"].to(device.torch_dtype)
            found = model.get_image_features(pixel_values=given)
            parts.append(getattr(found, "pooler_output", found).float().cpu().numpy())
    return np.concatenate(parts), len(sources) / (time.perf_counter() - start)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def measured(folder, sources, policy, *, n, size, matrix):
    """Print the figures of one device and one kind of numbers."""
    located = locate(str(folder), user="the benchmark", offline=True)
    device, how = Device.of(policy), Preparation()
    network = ClipNetwork.of(located, device, "the benchmark")
    rate, busy = past_decoding(network, how, n, size)
    reachable = reachable_flops(device, matrix)
    share = rate * flops_of_an_image() / reachable
    print(f"{device.name} {device.dtype}, {size} images a batch")
    print(
        f"  past decoding     {rate:10,.0f} images/s, device busy {busy:.0%}, {share:.0%} of the "
        f"{reachable / 1e12:,.1f} TFLOP/s that a product of {matrix:,}² matrices reaches"
    )
    if device.kind == "cuda":
        print(f"  wanted            {WANTED:10,} images/s: {'met' if rate >= WANTED else 'MISSED'}")
    encoder = ClipEncoder(located, policy, "the benchmark")
    start = time.perf_counter()
    ours = encoder.image_vectors(sources).found.vectors
    own = len(sources) / (time.perf_counter() - start)
    theirs, other = by_transformers(folder, sources, device, size)
    nearness = float((unit(ours) * unit(theirs)).sum(axis=1).min())
    print(f"  from JPEG files   {own:10,.0f} images/s")
    print(f"  transformers      {other:10,.0f} images/s (ours: {own / other:.1f} times as fast)")
    print(f"  smallest cosine of our vectors with theirs: {nearness:.6f}")
    assert nearness > (0.99999 if device.dtype == "float32" else 0.999)
    forget_clip_networks()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gpu", action="store_true", help="CUDA, in all three kinds of numbers")
    parser.add_argument("--images", type=int, help="JPEG files to make")
    chosen = parser.parse_args()
    name = "cuda" if chosen.gpu else "cpu"
    sizes = (
        {"n": 51_200, "size": 256, "matrix": 8192}
        if chosen.gpu
        else {"n": 32, "size": 8, "matrix": 1024}
    )
    kinds = ("float32", "bf16", "fp16") if chosen.gpu else ("float32",)
    with tempfile.TemporaryDirectory(prefix="vlmeval-") as place:
        model, images = Path(place, "model"), Path(place, "images")
        images.mkdir()
        made_model(model)
        sources = made_images(images, chosen.images or (4_000 if chosen.gpu else 32))
        for dtype in kinds:
            policy = ModelPolicy(device=name, dtype=dtype, batch_size=sizes["size"], cache=False)
            measured(model, sources, policy, **sizes)


if __name__ == "__main__":
    main()
