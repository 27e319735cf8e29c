"""The words that noise is made of: data, no code."""

from __future__ import annotations

from typing import Final

# Rows of a QWERTY keyboard, and how far each is moved to the right.
KEYBOARD: Final = (("qwertyuiop", 0.0), ("asdfghjkl", 0.25), ("zxcvbnm", 0.75))

# A question means the opposite, or nothing, without them.
NEGATIONS: Final = frozenset(
    {
        "not", "no", "nor", "never", "none", "neither", "nothing", "nobody", "without", "except",
        "yes", "isn't", "aren't", "doesn't", "don't", "didn't", "can't", "cannot", "won't",
    }
)  # fmt: skip

# Common words that dictionaries of meanings lack; a slip must not make one of another.
GRAMMAR: Final = frozenset(
    {
        "the", "then", "than", "them", "they", "their", "there", "these", "those", "this", "that",
        "where", "were", "here", "her", "hers", "his", "him", "she", "who", "whom", "whose", "what",
        "when", "why", "how", "which", "and", "but", "for", "from", "with", "into", "onto", "our",
        "ours", "your", "yours", "you", "its", "are", "was", "has", "had", "does", "did", "can",
        "could", "would", "should", "any", "all", "out", "off", "now", "one", "two", "too", "not",
    }
)  # fmt: skip

# Words that a question is understood without, as in a telegram. Prepositions of place are not
# among them: under the table is not on the table.
DROPPABLE: Final = frozenset(
    {
        "a", "an", "the", "is", "are", "was", "were", "be", "been", "being", "am", "do", "does",
        "did", "has", "have", "had", "will", "would", "of", "to", "at", "in", "for", "there",
        "please", "some", "any", "just", "also", "very", "currently",
    }
)  # fmt: skip

OPENINGS: Final = (
    "Well, ", "So, ", "Okay, so ", "Hi there, ", "Um, ", "Quick question: ", "Hello! ",
    "Hmm, let me think, ", "Sorry to bother you, but ", "I was just wondering, ",
)  # fmt: skip
INTERJECTIONS: Final = (
    "um, ", "uh, ", "you know, ", "like, ", "I mean, ", "let's say, ", "well, ", "sort of, ",
    "er, ",
)  # fmt: skip
CLOSINGS: Final = (
    " Thanks in advance.", " Thank you!", " Just curious.", " Take your time.",
    " Thanks a lot, really.",
)  # fmt: skip

# Marks that replace each other, or appear where none belongs.
MARKS: Final = (",", ";", ".", "!", "?", "...", ":")

# Sentences about nothing that a picture or document of a test set shows or asks.
CONTEXT: Final = (
    "The committee will meet again once the minutes have been approved.",
    "Most of the agenda was carried over from the previous session.",
    "Nobody objected to the proposal, although the wording was discussed at length.",
    "The library extended its opening hours for the rest of the season.",
    "A summary of the discussion was sent to all members later that week.",
    "The orchestra spent the afternoon rehearsing the slow movement.",
    "Several volunteers offered to help with the translation of the booklet.",
    "The deadline was moved because two of the reviewers were travelling.",
    "Our neighbours have been learning the rules of a new card game.",
    "The lecture began a little late and ended earlier than planned.",
    "She wrote the introduction first and left the conclusion for the end.",
    "The recipe can be halved without changing the time it needs to rest.",
    "It is customary to thank the previous chair before the new one speaks.",
    "The forecast for the coming days is much the same as it was before.",
    "He prefers to answer letters in the order in which they arrive.",
    "The museum shop no longer sells the catalogue of that exhibition.",
    "A revised timetable will be announced as soon as it is confirmed.",
    "The choir accepts new members at the beginning of every term.",
    "They compared the two drafts and kept the shorter one.",
    "The workshop covers the basics and assumes no prior experience.",
    "Some of the guests had met before at a conference abroad.",
    "The manual recommends reading the whole chapter before the exercises.",
    "An anonymous donor paid for the restoration of the archive.",
    "The interview was recorded in one session and hardly edited.",
    "Every participant received a short questionnaire by post.",
    "The novel was serialised in a newspaper before it became a book.",
    "The course ends with a discussion rather than an examination.",
    "Negotiations continued through the evening without a break.",
    "The editor asked for fewer footnotes and a clearer title.",
    "The club keeps a list of people who are willing to teach.",
    "The new rules apply from the first day of the following month.",
    "Applications are read by two people who do not know each other.",
)

# Words that mean the same in nearly every question or instruction, whichever replaces the other.
_SAME: Final = (
    "picture image photo photograph", "pictures images photos photographs",
    "color colour", "colors colours", "couch sofa", "couches sofas", "bike bicycle",
    "bikes bicycles", "motorbike motorcycle", "motorbikes motorcycles", "airplane aeroplane",
    "airplanes aeroplanes", "automobile car", "automobiles cars", "tv television",
    "phone telephone", "phones telephones", "fridge refrigerator", "trousers pants", "kid child",
    "kids children", "film movie", "films movies", "garbage trash rubbish", "begin start",
    "begins starts", "large big", "larger bigger", "largest biggest", "quickly rapidly",
    "happening occurring", "select choose pick", "provide give", "purchased bought",
    "located situated", "someone somebody", "everyone everybody", "anyone anybody",
    "woman lady", "women ladies", "man guy", "men guys", "person individual",
)  # fmt: skip
# Words that may be replaced, and not the other way round: the second has other meanings.
_ONE_WAY: Final = {
    "eyeglasses": "glasses", "depicted": "shown", "displayed": "shown", "pictured": "shown",
    "identical": "same", "approximately": "about", "several": "multiple", "utilize": "use",
    "utilizing": "using", "utilise": "use", "purchase": "buy", "beverage": "drink",
    "beverages": "drinks", "physician": "doctor", "persons": "people", "plane": "airplane",
    "planes": "airplanes", "describe": "characterise", "rapidly": "fast",
}  # fmt: skip


def _table() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {word: (other,) for word, other in _ONE_WAY.items()}
    for row in map(str.split, _SAME):
        for word in row:
            found[word] = (*(other for other in row if other != word), *found.get(word, ()))
    return found


SYNONYMS: Final = _table()
