"""Images as the networks read them: decoded, resized and cropped as the original CLIP does.

Pictures come in many kinds. They are turned upright as their EXIF orientation says, palettes become
colours, sixteen bits become eight, of an animation the first frame counts, and transparency is
dropped. What cannot be read is no error: it is a :class:`Unreadable` with the reason.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.errors import VlmevalError
from vlmeval_cli.core.optional import require
from vlmeval_cli.models.image_files import ImageError, content_of, is_address

if TYPE_CHECKING:
    from PIL.Image import Image

Found = TypeVar("Found")
Pixels = npt.NDArray[np.uint8]

# Pillow calls a picture of twice as many pixels as it warns of a decompression bomb.
MOST_PIXELS = 178_956_970
# Of a strip longer than so many times its width only the middle is resized: no crop sees more.
LONGEST_STRIP = 16
_BICUBIC = 3
_AHEAD = 4  # pictures that a thread may be ahead of the device


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a model wants its pictures; the default is the original CLIP's.

    Attributes:
        side: side of the square that the model sees, in pixels.
        shortest: length to which the shorter side is resized before the centre is cropped; None
            resizes both sides to ``side`` and crops nothing, as SigLIP does.
        resample: Pillow's number of the filter; 3 is bicubic.
        mean, std: of the three colours, between 0 and 1.
    """

    side: int = 224
    shortest: int | None = 224
    resample: int = _BICUBIC
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Preparation:
        """From what ``preprocessor_config.json`` of a model says."""
        plain = cls()
        size, crop = settings.get("size", plain.side), settings.get("crop_size")
        shortest = size if isinstance(size, int) else size.get("shortest_edge")
        if settings.get("do_center_crop") is False or shortest is None:
            height = size if isinstance(size, int) else size.get("height", shortest)
            side, shortest = height, None
        else:
            side = _height(crop) or shortest
        return cls(
            side=int(side),
            shortest=None if shortest is None else int(shortest),
            resample=int(settings.get("resample", plain.resample)),
            mean=_three(settings.get("image_mean"), plain.mean),
            std=_three(settings.get("image_std"), plain.std),
        )


def _height(size: object) -> int | None:
    found = size.get("height") if isinstance(size, dict) else size
    return found if isinstance(found, int) else None


def _three(values: Any, otherwise: tuple[float, float, float]) -> tuple[float, float, float]:  # noqa: ANN401  (JSON)
    if not values:
        return otherwise
    red, green, blue = map(float, values)
    return red, green, blue


class Picture(NamedTuple):
    """A picture as a model sees it.

    Attributes:
        key: hash of the file's content.
        pixels: shape (side, side, 3).
    """

    key: str
    pixels: Pixels


class Unreadable(NamedTuple):
    """A picture that cannot be looked at, and why."""

    reason: str


def picture(source: str, how: Preparation, *, may_fetch: bool = False) -> Picture | Unreadable:
    """The picture in a file, or at an address where those may be fetched."""
    try:
        content = content_of(source, may_fetch=may_fetch)
        return Picture(_hash(content), pixels_of(content, how))
    except ImageError as error:
        return Unreadable(str(error))


def pictures(
    sources: Sequence[str], how: Preparation, *, may_fetch: bool = False, threads: int | None = None
) -> Iterator[Picture | Unreadable]:
    """The pictures of ``sources`` in their order, decoded in threads ahead of whoever takes them.

    At most a few pictures a thread wait at any time, so that memory does not grow with their
    number. Pillow decodes and resizes without the interpreter's lock.
    """
    require("PIL", extra="images", user="reading images")
    with _no_warnings_of_pillow():
        yield from _ahead(partial(picture, how=how, may_fetch=may_fetch), sources, threads)


def keys(sources: Sequence[str], *, threads: int | None = None) -> list[str | None]:
    """Hash of the content of each file; None for addresses, and for files that cannot be read."""
    return [*_ahead(_key, sources, threads)]


def _key(source: str) -> str | None:
    if is_address(source):
        return None
    try:
        return _hash(content_of(source, may_fetch=False))
    except ImageError:
        return None


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


def _ahead(
    read: Callable[[str], Found], sources: Sequence[str], threads: int | None
) -> Iterator[Found]:
    """What ``read`` makes of each source, in order, made in threads that are a little ahead."""
    threads = threads or min(32, os.cpu_count() or 1)
    waiting: deque[Future[Found]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="images")
    try:
        for source in sources:
            waiting.append(pool.submit(read, source))
            if len(waiting) > _AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _no_warnings_of_pillow() -> Iterator[None]:
    """Pillow warns of large pictures and damaged EXIF; here reasons tell what matters."""
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def pixels_of(content: bytes, how: Preparation) -> Pixels:
    """The square that a model sees of a picture, shape (side, side, 3).

    Raises:
        ImageError: it cannot be read; the message says why.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(content)) as image:
            _refuse_bomb(*image.size)
            seen = _square(_upright(_eight_bits(image)), how).convert("RGB")
    except UnidentifiedImageError:
        raise ImageError("it is no picture of a kind that Pillow reads") from None
    except Image.DecompressionBombError:
        raise ImageError(f"it has more than {MOST_PIXELS:,} pixels") from None
    except (ImageError, VlmevalError):
        raise
    except MemoryError:
        raise ImageError("it does not fit into memory") from None
    except Exception as error:  # decoders of damaged files fail in any way
        raise ImageError(f"it is damaged ({_in_words(error)})") from None
    return np.asarray(seen)


def _in_words(error: Exception) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__


def _refuse_bomb(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise ImageError(
            f"it has {width:,} × {height:,} pixels, more than {MOST_PIXELS:,}, as files have that "
            "fill the memory"
        )
    if not width * height:
        raise ImageError("it has no pixels")


def _eight_bits(image: Image) -> Image:
    """The picture in a mode that Pillow resizes as it should, eight bits a colour.

    Palettes become colours before they are resized: Pillow would take the nearest pixel of them.
    """
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode.startswith("I"):
        from PIL import Image as pillow

        values = np.asarray(image)
        is_wide = image.mode.startswith("I;16") or int(values.max(initial=0)) > 255
        shown = values // 257 if is_wide else values
        return pillow.fromarray(np.clip(shown, 0, 255).astype(np.uint8)).copy()
    if image.mode == "F":
        raise ImageError("its pixels are fractions, whose black and white are not known")
    return image


def _upright(image: Image) -> Image:
    """The picture as its EXIF orientation says that it is to be shown."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF is no damage to the picture
        return image


def _square(image: Image, how: Preparation) -> Image:
    """Resized and cropped as torchvision does it for the original CLIP."""
    if how.shortest is None:
        return image.resize((how.side, how.side), how.resample)
    image = _without_far_ends(image)
    width, height = image.size
    short, long = min(width, height), max(width, height)
    new = how.shortest, int(how.shortest * long / short)
    resized = image.resize(new if width <= height else new[::-1], how.resample)
    left = round((resized.width - how.side) / 2.0)
    top = round((resized.height - how.side) / 2.0)
    return resized.crop((left, top, left + how.side, top + how.side))


def _without_far_ends(image: Image) -> Image:
    """The middle of a strip so long that resizing all of it would fill the memory."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    if long <= LONGEST_STRIP * short:
        return image
    kept = LONGEST_STRIP * short
    start = (long - kept) // 2
    box = (start, 0, start + kept, height) if width > height else (0, start, width, start + kept)
    return image.crop(box)
