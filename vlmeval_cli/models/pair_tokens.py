"""Token ids of pairs of texts: [CLS] reference [SEP] candidate [SEP].

The tokenizers are read by sentencepiece and tokenizers themselves, not through transformers: the
classes that its versions choose for the same files cut texts differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.errors import ModelError, quoted
from vlmeval_cli.core.optional import require
from vlmeval_cli.models.loading import EXTRA
from vlmeval_cli.models.networks import encodable

_SPECIAL = 3  # [CLS], [SEP], [SEP]
_SENTENCEPIECE = ("spm.model", "sent_piece.model", "sentencepiece.model")
_WORDPIECE = ("tokenizer.json", "vocab.txt")

Bools = npt.NDArray[np.bool_]
Encode = Callable[[list[str]], list[list[int]]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Tokens of pairs, ready for padding.

    Attributes:
        ids: token ids of each pair with its special tokens.
        first: tokens of each pair up to the first [SEP], this one counted, shape (pairs,).
        lengths: tokens of each pair, shape (pairs,).
        cut: which pairs were too long, shape (pairs,).
    """

    ids: Sequence[Ints]
    first: Ints
    lengths: Ints
    cut: Bools


@dataclass(frozen=True, slots=True)
class PairTokenizer:
    """A checkpoint's own tokenizer.

    Attributes:
        encode: texts → token ids of each, without special tokens.
        cls: id of [CLS].
        sep: id of [SEP].
    """

    encode: Encode
    cls: int
    sep: int

    @classmethod
    def of(cls, folder: Path, config: Mapping[str, Any], user: str) -> PairTokenizer:
        """The tokenizer in ``folder``.

        Args:
            folder: of the checkpoint.
            config: its tokenizer_config.json.
            user: what needs it, for messages.

        Raises:
            ModelError: there is none, or it lacks [CLS] or [SEP].
        """
        for name in _SENTENCEPIECE:
            if (folder / name).is_file():
                return cls._sentencepiece(folder / name, user)
        for name in _WORDPIECE:
            if (folder / name).is_file():
                return cls._wordpiece(folder / name, config, user)
        raise ModelError(
            f"{folder}: no tokenizer, expected one of {', '.join((*_SENTENCEPIECE, *_WORDPIECE))}",
            hint="Copy all files of the checkpoint into the folder.",
        )

    @classmethod
    def _sentencepiece(cls, path: Path, user: str) -> PairTokenizer:
        library = require("sentencepiece", extra=EXTRA, user=user)
        try:
            model = library.SentencePieceProcessor(model_file=str(path))
        except (OSError, RuntimeError) as error:
            raise ModelError(f"{path}: no SentencePiece model ({error})") from error
        found = {mark: model.piece_to_id(mark) for mark in ("[CLS]", "[SEP]")}
        known = {mark: number for mark, number in found.items() if number != model.unk_id()}
        return cls(lambda texts: model.encode(texts, out_type=int), *_marks(known, path))

    @classmethod
    def _wordpiece(cls, path: Path, config: Mapping[str, Any], user: str) -> PairTokenizer:
        library = require("tokenizers", extra=EXTRA, user=user)
        try:
            if path.suffix == ".json":
                model = library.Tokenizer.from_file(str(path))
            else:
                model = _of_vocabulary(library, path, bool(config.get("do_lower_case", True)))
        except Exception as error:  # the library raises bare exceptions
            raise ModelError(f"{path}: no tokenizer that can be read ({error})") from error
        model.no_truncation()
        model.no_padding()
        model.encode_special_tokens = True  # "[SEP]" in a text is text, as in the original
        found = {mark: model.token_to_id(mark) for mark in ("[CLS]", "[SEP]")}
        known = {mark: number for mark, number in found.items() if number is not None}

        def encode(texts: list[str]) -> list[list[int]]:
            return [one.ids for one in model.encode_batch(texts, add_special_tokens=False)]

        return cls(encode, *_marks(known, path))

    def pairs(self, references: Sequence[str], candidates: Sequence[str], most: int) -> Pairs:
        """Token ids of ``references[i]`` with ``candidates[i]``, cut to ``most`` tokens.

        Each text is tokenised once, however many pairs it is in.
        """
        texts = list(dict.fromkeys(chain(references, candidates)))
        tokens = self.encode([encodable(text) for text in texts])
        ids = dict(zip(texts, (np.array(one, dtype=np.int64) for one in tokens), strict=True))
        left, right = ([ids[text] for text in side] for side in (references, candidates))
        n_left, n_right = (
            np.fromiter(map(len, side), np.int64, len(side)) for side in (left, right)
        )
        kept_left, kept_right = fitting(n_left, n_right, most - _SPECIAL)
        rows = [
            np.concatenate([[self.cls], a[:m], [self.sep], b[:n], [self.sep]])
            for a, b, m, n in zip(left, right, kept_left.tolist(), kept_right.tolist(), strict=True)
        ]
        lengths = kept_left + kept_right + _SPECIAL
        return Pairs(rows, kept_left + 2, lengths, n_left + n_right > most - _SPECIAL)


def fitting(left: Ints, right: Ints, most: int) -> tuple[Ints, Ints]:
    """How many tokens of both texts are kept, so that they are ``most`` together.

    The longer text loses its last token until both fit; of two equal ones the right one does. This
    is the rule of BERT and BLEURT.

    >>> [kept.tolist() for kept in fitting(np.array([9, 3, 5]), np.array([3, 2, 5]), 7)]
    [[4, 3, 4], [3, 2, 3]]
    """
    excess = np.maximum(left + right - most, 0)
    difference = left - right
    level = np.minimum(excess, np.abs(difference))  # taken from the longer one first
    rest = excess - level
    left = left - np.where(difference > 0, level, 0) - rest // 2
    right = right - np.where(difference < 0, level, 0) - (rest + 1) // 2
    return left, right


def _of_vocabulary(library: Any, path: Path, lowercase: bool) -> Any:  # noqa: ANN401  (untyped)
    """BERT's tokenizer of the word pieces in ``path``."""
    model = library.Tokenizer(library.models.WordPiece.from_file(str(path), unk_token="[UNK]"))
    model.normalizer = library.normalizers.BertNormalizer(lowercase=lowercase)
    model.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    return model


def _marks(found: dict[str, int], path: Path) -> tuple[int, int]:
    for mark in ("[CLS]", "[SEP]"):
        if mark not in found:
            raise ModelError(f"{path}: has no token {quoted(mark)}, which BLEURT puts around texts")
    return found["[CLS]"], found["[SEP]"]
