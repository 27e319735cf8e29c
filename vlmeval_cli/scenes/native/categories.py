"""The words that make an attribute a colour, a number or a size.

Found from the counts of the official sub-scores: "tan" and "golden" are no colours to SPICE, "high"
and "long" no sizes, "several" no number.
"""

from __future__ import annotations

from vlmeval_cli.scenes.native.words import word_set

COLORS = word_set(
    "beige black blue brown cream dark gray green grey light maroon orange pink purple red white "
    "yellow"
)
NUMBERS = word_set(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty hundred thousand"
)
SIZES = word_set(
    "baby big broad bulky compact curvy enormous expansive fat giant gigantic grand great heavy "
    "huge immense large lean little massive mini miniature narrow petite short skimpy skinny slim "
    "small stout tall thick thin tiny vast wide"
)
