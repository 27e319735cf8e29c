"""Images of all kinds become the square that CLIP sees, or a reason why not."""

import struct
import threading
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from vlmeval_cli.core.errors import MissingExtraError
from vlmeval_cli.models import images
from vlmeval_cli.models.image_files import ImageError
from vlmeval_cli.models.images import Preparation, Unreadable, keys, picture, pictures, pixels_of

CLIP = Preparation()
SMALL = Preparation(side=32, shortest=32)


def noise(width, height, bands=3, seed=0):
    """A picture without two equal neighbours, so that every shift shows."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width, bands), dtype=np.uint8)
    return Image.fromarray(values.squeeze())


def written(image, kind="PNG", **how):
    stream = BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def seen(image, kind="PNG", how=SMALL, **options):
    return pixels_of(written(image, kind, **options), how)


def by_clipscore(image, side):
    """Resize(side, bicubic), CenterCrop(side), RGB: the steps of clipscore.py."""
    width, height = image.size
    if width <= height:
        resized = image.resize((side, int(side * height / width)), Image.Resampling.BICUBIC)
    else:
        resized = image.resize((int(side * width / height), side), Image.Resampling.BICUBIC)
    top = round((resized.height - side) / 2.0)
    left = round((resized.width - side) / 2.0)
    return np.asarray(resized.crop((left, top, left + side, top + side)).convert("RGB"))


@pytest.mark.parametrize("size", [(640, 427), (427, 640), (224, 224), (100, 37), (225, 224)])
def test_pictures_are_resized_and_cropped_as_clipscore_does(size):
    image = noise(*size)
    np.testing.assert_array_equal(seen(image, how=CLIP), by_clipscore(image, 224))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
def test_other_modes_are_made_rgb_after_cropping_as_clipscore_does(mode):
    image = noise(60, 40, len(mode)).convert(mode)
    np.testing.assert_array_equal(seen(image), by_clipscore(image, 32))


def test_transparency_is_dropped():
    image = noise(60, 40)
    opaque = image.copy()
    opaque.putalpha(255)
    np.testing.assert_array_equal(seen(opaque), seen(image))


@pytest.mark.parametrize("orientation", range(2, 9))
def test_pictures_are_turned_upright(orientation):
    upright = noise(60, 40)
    # How a camera stores what its tag says has to be undone; see the EXIF specification, 4.6.5.
    stored = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }[orientation]
    turned = upright.transpose(*stored)
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(seen(turned, exif=exif), seen(upright))


def test_damaged_exif_does_no_harm(tmp_path):
    file = tmp_path / "a.jpg"
    file.write_bytes(written(noise(60, 40), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"))
    (found,) = pictures([str(file)], SMALL)
    assert found.pixels.shape == (32, 32, 3)


def test_palettes_become_colours_before_they_are_resized():
    image = noise(60, 40).quantize(16)
    np.testing.assert_array_equal(seen(image), seen(image.convert("RGB")))


def test_a_palette_with_a_transparent_colour_is_read():
    image = noise(60, 40).quantize(16)
    assert seen(image, transparency=3).shape == (32, 32, 3)


def test_black_and_white_pictures_become_grey():
    half = Image.new("1", (64, 64))
    half.paste(1, (0, 0, 32, 64))
    found = seen(half)
    assert found[:, 0].min() == 255
    assert found[:, -1].max() == 0


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (65535, 255), (32896, 128)])
def test_sixteen_bits_become_eight(value, expected):
    grey = Image.fromarray(np.full((40, 60), value, dtype=np.uint16))
    assert set(seen(grey).ravel().tolist()) == {expected}  # 257 × 128 = 32,896


def test_cmyk_becomes_rgb():
    red = Image.new("CMYK", (60, 40), (0, 255, 255, 0))
    found = seen(red, "TIFF")
    assert found.reshape(-1, 3).tolist() == [[255, 0, 0]] * 32 * 32
    assert np.abs(seen(red, "JPEG").astype(int) - [255, 0, 0]).max() < 10


def test_of_an_animation_the_first_frame_counts():
    first, second = Image.new("RGB", (40, 40), "red"), Image.new("RGB", (40, 40), "blue")
    found = seen(first, "GIF", save_all=True, append_images=[second])
    assert found[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3000, 1)])
def test_slivers_are_read(size):
    assert seen(noise(*size), how=CLIP).shape == (224, 224, 3)


def test_of_a_long_strip_the_middle_is_seen():
    strip = Image.new("RGB", (100_000, 10), "red")
    strip.paste("blue", (49_900, 0, 50_100, 10))
    assert seen(strip).reshape(-1, 3).tolist() == [[0, 0, 255]] * 32 * 32


def test_siglip_resizes_both_sides_and_crops_nothing():
    how = Preparation.of(
        {"size": {"height": 32, "width": 32}, "resample": 2, "image_mean": [0.5] * 3}
    )
    image = noise(60, 40)
    expected = np.asarray(image.resize((32, 32), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(seen(image, how=how), expected)
    assert how.mean == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    "settings",
    [
        {"size": 224, "crop_size": 224, "do_center_crop": True, "resample": 3},
        {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}},
    ],
)
def test_both_forms_of_the_settings_of_clip_are_read(settings):
    assert Preparation.of(settings) == Preparation()


def of_size(width, height):
    """A PNG that says it is so large, and holds nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<html>404</html>", "no picture of a kind"),
        (written(noise(300, 300), "JPEG")[:2000], "damaged"),
        (written(noise(300, 300))[:2000], "damaged"),
        (of_size(60_000, 60_000), "pixels"),
        (of_size(13_000, 13_000), "damaged"),
        (written(Image.new("F", (20, 20), 0.5), "TIFF"), "fractions"),
    ],
    ids=["empty", "a page", "half a JPEG", "half a PNG", "a bomb", "large and empty", "fractions"],
)
def test_what_cannot_be_read_has_a_reason(tmp_path, content, reason):
    file = tmp_path / "x.jpg"
    file.write_bytes(content)
    (found,) = pictures([str(file)], SMALL)
    assert isinstance(found, Unreadable)
    assert reason in found.reason


@pytest.mark.parametrize("name", ["nothing.jpg", "."])
def test_what_is_no_file_has_a_reason(tmp_path, name):
    found = picture(str(tmp_path / name), SMALL)
    assert "cannot be read" in found.reason


def test_addresses_are_fetched_only_when_that_is_allowed(monkeypatch):
    import urllib.request

    image = noise(60, 40)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: BytesIO(written(image)))
    address = "https://example.org/a.png"
    assert "--fetch-images" in picture(address, SMALL).reason
    np.testing.assert_array_equal(picture(address, SMALL, may_fetch=True).pixels, seen(image))


def test_an_address_that_does_not_answer_has_a_reason(monkeypatch):
    import urllib.request

    def fail(*_, **__):
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    found = picture("http://example.org/a.png", SMALL, may_fetch=True)
    assert found.reason == "it cannot be fetched (timed out)"


def test_pictures_come_in_order_with_those_that_cannot_be_read(tmp_path):
    sources = []
    for i in range(40):
        file = tmp_path / f"{i}.png"
        file.write_bytes(b"no" if i % 7 == 3 else written(Image.new("RGB", (8, 8), (i, 0, 0))))
        sources.append(str(file))
    found = [*pictures(sources, SMALL, threads=3)]
    reds = [None if isinstance(one, Unreadable) else one.pixels[0, 0, 0] for one in found]
    assert reds == [None if i % 7 == 3 else i for i in range(40)]


def test_only_a_few_pictures_wait_at_a_time():
    started, lock = [], threading.Lock()

    def read(source):
        with lock:
            started.append(source)
        return source

    ahead = images._ahead(read, [str(i) for i in range(1000)], threads=2)
    for taken in range(100):
        assert next(ahead) == str(taken)
        assert len(started) <= taken + 1 + 2 * images._AHEAD
    ahead.close()
    assert len(started) < 200


def test_equal_files_have_equal_keys(tmp_path):
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)
    one, two, three, none = keys([*(str(tmp_path / name) for name in "abc"), "http://x.org/a.png"])
    assert one == two != three
    assert none is None


def test_without_pillow_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match="PIL") as error:
        [*pictures([], CLIP)]
    assert "images" in error.value.hint


def test_an_unreadable_picture_is_an_image_error():
    with pytest.raises(ImageError, match="no picture"):
        pixels_of(b"text", SMALL)
