"""Patterns in the scores of language models."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import Bound, Pattern, Patterns, at_least, below

_HIGH_LOSS: Final = Bound(3.0, "nats per token, a perplexity of 20")
_LOW_LOSS: Final = Bound(1.5, "nats per token, a perplexity of 4.5")
_HIGH_ACCURACY: Final = Bound(0.6, "more than half of the tokens are the likeliest one")
_LOW_ACCURACY: Final = Bound(0.4, "fewer than half; at a perplexity of 4.5 more are usual")
_LOST: Final = Bound(5.0, "nats per token, a perplexity of 150: worse than word frequencies alone "
                     "for common words")  # fmt: skip
_FEW: Final = Bound(0.2, "one token in five")

PATTERNS: Final = Patterns(
    (
        Pattern(
            seen="the loss is high ({loss:.2f}) and so is token accuracy ({token_accuracy:.2f})",
            when=(at_least("loss", _HIGH_LOSS), at_least("token_accuracy", _HIGH_ACCURACY)),
            meaning="the model is overconfident: where it is wrong, it holds the right token for "
            "next to impossible",
            advice="train for fewer epochs or with label smoothing, or calibrate the temperature; "
            "look at the texts of highest loss (--worst 20)",
        ),
        Pattern(
            seen="the loss is low ({loss:.2f}) and so is token accuracy ({token_accuracy:.2f})",
            when=(below("loss", _LOW_LOSS), below("token_accuracy", _LOW_ACCURACY)),
            meaning="the right token is among the likely ones and seldom the first: several "
            "continuations are as good, or the accuracy is of other tokens than the loss",
            advice="check that both leave out the same tokens (prompt, padding) and that logits "
            "and labels are not shifted by one; else sample instead of taking the likeliest",
        ),
        Pattern(
            seen="the loss is very high ({loss:.2f}) and token accuracy low ({token_accuracy:.2f})",
            when=(at_least("loss", _LOST), below("token_accuracy", _FEW)),
            meaning="the model does not know texts of this form",
            advice="check the tokenizer, the chat template and the language first; a wrong "
            "template does more harm than little training",
        ),
    )
)
