"""The words that make an attribute a colour, a number or a size.

Found from the counts of the official sub-scores: "tan" and "golden" are no colours to SPICE, "high"
and "long" no sizes, "several" no number.
"""

from __future__ import annotations

COLORS = frozenset(
    "beige black blue brown cream dark gray green grey light maroon orange pink purple red white "
    "yellow".split()
)
NUMBERS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty hundred thousand".split()
)
SIZES = frozenset(
    "baby big broad bulky compact curvy enormous expansive fat giant gigantic grand great heavy "
    "huge immense large lean little massive mini miniature narrow petite short skimpy skinny slim "
    "small stout tall thick thin tiny vast wide".split()
)
