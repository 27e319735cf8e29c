r"""Which option an answer names: one, or none that can be told; never a guess.

The steps go from what is surest to what is least sure, and the first that says something decides:

1. ``<answer>`` tags, GLM's box marks and ``\boxed{}`` hold the final answer; nothing outside of
   them counts.
2. The whole answer is a letter or the text of an option.
3. A sentence states the answer ("The answer is D because…"), or the last one concludes it ("…
   Therefore B."); of several the last counts, since models think aloud before they decide.
4. The answer begins with a label ("B) red"), or its last line is one.
5. Letters in brackets or after "option" are mentioned, and are not called wrong.
6. The text of one option stands in the answer, once and not denied.

Where a step finds several options the answer is ambiguous, and no later step is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from vlmeval_cli.parsing.choices.options import LETTERS, Options, cleaned

# Words that continue a sentence after a letter; before any other word "A" is an article and "I" a
# person: "A man sits here." is not option A.
_GOES_ON = (
    r"(?:because|since|as|for|due|given|based|according|which|is|was|are|has|and|or|but|with|shows?|"
    r"would|correctly|weil|porque|car|parce|perché)\b"
)
_END = r"(?=\s*(?:$|[\n.,;:!?)\]}\"'<]|[^\x00-\x7f]|[-(]))"
_NOT_IN_WORD = r"(?![A-Za-z0-9_À-ɏ+#/'&]|-\w|\.\w)"
_LETTER = re.compile(
    rf"(?:[(\[{{\"'<]+\s*(?P<held>[A-Za-z])\s*[)\]}}\"'>]+"
    rf"|(?P<upper>[B-HJ-Z]){_NOT_IN_WORD}"
    rf"|(?P<article>[AI])(?![A-Za-z0-9_À-ɏ+#/'&]|-\w|\.\w)(?:{_END}|(?=\s+{_GOES_ON}))"
    rf"|(?P<lower>[a-z]){_NOT_IN_WORD}(?=\s*(?:$|[\n.,;:!)])))"
)
_JOINT = re.compile(
    r"\s*[)\]\"'.]?\s*(?:,?\s*\b(?:and/or|and|or|oder|und|et|ou|y|o)\b|[,/&]|和|或|及|と)"
    r"\s*(?:option\s+|choice\s+)?"
)
_SPLIT_LETTERS = re.compile(r"\b[A-Z](?:\s*/\s*[A-Z])+\b")
_LEAD_IN = re.compile(
    r"\s*(?:(?:the|la|le|el|die|der|das|either|both|likely|probably|clearly|definitely|therefore|"
    r"indeed|most|correct|right|best|correcta|correcte|richtige|option|choice|letter|answer|opción|"
    r"opção|opzione|选项|選項)\b\s*|(?:选项|選項)\s*|is\b\s*|[:：]\s*|l')*",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"(?:\b(?:answers?|ans|choice|option|solution|antwort|lösung|respuesta|opción|réponse|reponse|"
    r"resposta|risposta|ответ)\b|答案|选项|選項|答え|正解|回答|정답|답)"
    r"(?:\s+(?:to\s+(?:the|this)\s+question|here|choice|option|letter|correcta|correcte|correta|"
    r"corretta|richtig|must|should|would|will|most|likely|therefore)){0,6}\s*[\"']?\s*"
    r"(?:(?:is|are|be|was|est|es|ist|lautet|é|è)\b|:|=|[-=]>|→|–|[-](?=\s)|应该是|应为|是|为|為|选|選|は|은|는|\.(?=\s*\(?[A-Z]\b))"
    r"|\b(?:I(?:'d|\s+would|\s+will|'ll)?\s+(?:choose|select|pick|go\s+with|chose|selected)"
    r"|I(?:'d|\s+would)\s+(?:say|guess|answer))\b"
    r"|\b(?:ans|answer)(?=\s+\(?[A-Z]\)?\s*[.]?\s*$)"
    r"|(?:应选|故选|选择|選擇|选|選)",
    re.IGNORECASE | re.MULTILINE,
)
_LABEL = re.compile(
    r"[(\[\"']*(?P<letter>[A-Z])(?:\s*[)\]\"']+\s*[.:,-]?|\s*[.:、](?!\w)|\s+[-–—](?=\s)"
    r"|,?(?=\s+(?:because|since|as|due|given|weil|porque|car)\b)"
    r"|(?=\s+is\s+(?:the\s+)?(?:correct|right|best|answer)))(?P<rest>.*)",
    re.DOTALL,
)
_TIGHT_LABEL = re.compile(r"[(\[]?(?P<letter>[A-Za-z])[)\].:](?P<rest>\S.*)", re.DOTALL)
_LOWER_LABEL = re.compile(r"(?:\((?P<held>[a-z])\)|(?P<letter>[a-z])[)])(?P<rest>.*)", re.DOTALL)
_INNER_LABEL = re.compile(r"(?:^|[\s,;])\(?([A-Z])[).:]\s", re.MULTILINE)
_MENTION = re.compile(r"\b(?:option|choice|letter|选项|選項)\s*[:#]?\s*|(?=[(\[][A-Z][)\]])", re.I)
_CONCLUSION = re.compile(
    r"(?:\b(?:it's|it\s+is|is|be|therefore|thus|so|hence|→|=>)|[→⇒])\s*[:,]?\s*"
    r"(?P<letter>[A-Z])(?=\s*(?:[.!]?\s*$|[.,;!]\s|\s+(?:because|since|as)\b))",
    re.MULTILINE,
)
_LAST_WORD = re.compile(
    r"\b(?:therefore|thus|hence|so)\b[,:]?\s*(?:it(?:'s|\s+is)\s+|the\s+answer\s+is\s+)?"
    r"[(\[]?(?P<letter>[A-Z])[)\]]?[\s.!]*$",
    re.IGNORECASE,
)
_ROLE = re.compile(r"(?:^|\s)ASSISTANT\s*:|^[ \t]*(?i:assistant)[ \t]*[:\n]", re.MULTILINE)
_CALLED_WRONG = re.compile(
    r"[)\]\"']*\s*(?:,\s*)?(?:(?:is|are|was)\s+(?:not\b|n't|wrong|incorrect|false|excluded|out\b)"
    r"|isn't|wasn't|can(?:not|'t)|is\s+(?:clearly|obviously)\s+(?:wrong|incorrect)|不)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\b(?:not|no|never|neither|nor|without|except|isn't|aren't|doesn't|don't|wasn't|rather\s+than|"
    r"rule\s+out|instead\s+of|eliminate)\b|不是|没有)(?:\s+(?!but\b)[^\s,;.!?]+){0,3}\s*$",
    re.IGNORECASE,
)
_BOXED = re.compile(r"\\f?boxed\s*\{")
_TAGGED = re.compile(
    r"<answer>(.*?)(?:</answer>|$)|<\|begin_of_box\|>(.*?)(?:<\|end_of_box\|>|$)",
    re.DOTALL | re.IGNORECASE,
)
# Words that stand in every text; as options ("yes", "no") they count where an answer begins.
_COMMON = frozenset(
    (
        "yes", "no", "not", "none", "a", "an", "the", "i", "it", "is", "are", "was", "in", "on",
        "at", "of", "and", "or", "true", "false", "all", "both",
    )
)  # fmt: skip
_CLAUSE_ENDS = tuple(".,;:!?-–—(")
_LISTING = re.compile(r"^\s*(?:,|;|/|&)?\s*(?:and/or|and|or)?\s*")
_SHORT = 40  # words; of longer answers only the last sentence is searched for an option's text


class Reading(NamedTuple):
    """The letter of the option that an answer names; None with the reason why there is none."""

    letter: str | None
    reason: str = ""


Named = list[str]  # letters that a step found, in upper case; empty: it has nothing to say
Step = Callable[[str, Options], Named]


def read_choice(text: str, options: Options) -> Reading:
    r"""The option that ``text`` names.

    >>> two = Options.of(["red", "blue"])
    >>> read_choice("The answer is B because it is blue.", two).letter
    'B'
    >>> read_choice("A man sits here.", two).letter is None
    True
    >>> read_choice("\\boxed{A}", two).letter
    'A'
    >>> read_choice("A or B", two).reason
    'names several options: A, B'
    """
    held = _held(text)
    if held is not None:
        plain = cleaned(held)
        return _judged(_first(plain, options, _IN_TAGS), options, "the final answer")
    plain = cleaned(_without_role(text))
    return _judged(_first(plain, options, _STEPS), options, "the answer")


def _judged(named: Named, options: Options, what: str) -> Reading:
    different = sorted(set(named))
    if not different:
        return Reading(None, f"{what} names no option")
    if len(different) > 1:
        return Reading(None, f"names several options: {', '.join(different)}")
    if different[0] not in options.known:
        return Reading(None, f"names {different[0]}, and the options are {_span(options.known)}")
    return Reading(different[0])


def _span(known: str) -> str:
    is_run = len(known) > 2 and known in LETTERS
    return f"{known[0]} to {known[-1]}" if is_run else ", ".join(known)


def _first(
    text: str, options: Options, steps: tuple[Callable[[str, Options], Named], ...]
) -> Named:
    for step in steps:
        named = step(text, options)
        if named:
            return named
    return []


def _without_role(text: str) -> str:
    """What the model said behind the mark of its turn, where the prompt stands in the text too."""
    ends = [mark.end() for mark in _ROLE.finditer(text)]
    return text[ends[-1] :] if ends else text


def _held(text: str) -> str | None:
    r"""What the last tags or ``\boxed{}`` hold; None if there are none."""
    tags = _TAGGED.findall(text) if "<" in text else []
    if tags:
        return "".join(tags[-1])
    boxes = [box.end() for box in _BOXED.finditer(text)] if "boxed" in text else []
    return _balanced(text, boxes[-1]) if boxes else None


def _balanced(text: str, start: int) -> str:
    depth = 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if not depth:
            return text[start:at]
    return text[start:]


def _whole(text: str, options: Options) -> Named:
    """The whole text is a letter, letters, or the text of an option."""
    spelled = options.spelled(text)
    bare = text.strip(" \t\r\n.,;:!?\"'()[]{}<>-")
    if len(bare) == 1 and bare.isascii() and bare.isalpha():
        is_text_alone = bool(spelled) and bare.upper() not in options.known
        return spelled if is_text_alone else [*spelled, bare.upper()]
    return spelled or _listed(text)


def _listed(text: str) -> Named:
    """Letters of a text that is nothing but a list of them: "A or B", "A, C", "(A)(C)"."""
    start = re.match(r"\s*(?:both|either|neither)?\s*", text, re.IGNORECASE)
    named, end = _letters_at(text, start.end() if start else 0)
    rest = text[end:].strip(" \t\r\n.,;:!?)]\"'")
    return named if len(named) > 1 and (not rest or bool(start and start[0].strip())) else []


def _letters_at(text: str, start: int) -> tuple[Named, int]:
    """Letters from ``start`` on that are joined by "or", commas and the like; and their end."""
    split = _SPLIT_LETTERS.match(text, start)
    if split:
        return re.findall("[A-Z]", split[0]), split.end()
    named: Named = []
    end = start
    found = _LETTER.match(text, start)
    while found:
        named.append(_upper(found))
        end = found.end()
        joint = _JOINT.match(text, end)
        found = _LETTER.match(text, joint.end()) if joint else None
    return named, end


def _upper(found: re.Match[str]) -> str:
    return str(next(filter(None, found.groups()))).upper()


def _stated(text: str, options: Options) -> Named:
    """What the last sentence says that states the answer."""
    named: Named = []
    phrases = [*_STATED.finditer(text)]
    starts = [phrase.start() for phrase in phrases]
    for phrase, until in zip(phrases, [*starts[1:], len(text)], strict=False):
        lead = _LEAD_IN.match(text, phrase.end(), until)
        start = lead.end() if lead else phrase.end()
        found, end = _letters_at(text, start)
        found = found if not _CALLED_WRONG.match(text, end) else []
        named = _spelled_at(text[start:until], options, found) or named
    return named


def _spelled_at(text: str, options: Options, letters: Named) -> Named:
    """Letters where a sentence begins with some, else the option whose text the sentence is."""
    if letters:
        return letters
    sentence = re.split(r"[.!?](?:\s|$)|\n", text, maxsplit=1)[0]
    return options.spelled(sentence) or _contained(sentence, options)


def _concluded(text: str, options: Options) -> Named:
    """The letter that the last words conclude."""
    found = _LAST_WORD.search(text)
    is_letter = found is not None and found["letter"].isupper()
    return [found["letter"]] if found is not None and is_letter else []


def _label(text: str, options: Options) -> Named:
    """The label that the answer begins with, where it is not one of a list of labels."""
    tight = _TIGHT_LABEL.fullmatch(text)
    if tight and tight["letter"].upper() in options.spelled(tight["rest"]):
        return [tight["letter"].upper()]
    found = _LABEL.match(text)
    if found is None:
        lower = _LOWER_LABEL.match(text)
        return [(lower["held"] or lower["letter"]).upper()] if lower else _letter_joined(text)
    letter = found["letter"]
    if _CALLED_WRONG.match(text, found.end("letter")):
        return []
    joined, _ = _letters_at(text, found.start("letter"))
    others = [other for other in _INNER_LABEL.findall(text) if other in options.known]
    first_line = found["rest"].partition("\n")[0]
    contradiction = options.spelled(first_line) if first_line.strip() else []
    if letter in contradiction:
        contradiction = []
    rest = first_line.strip(" .()")
    bare = [rest] if len(rest) == 1 and rest in options.known else []
    return [letter, *joined, *others, *contradiction, *bare]


def _letter_joined(text: str) -> Named:
    named, _ = _letters_at(text, 0)
    return named if len(named) > 1 else []


def _last_line(text: str, options: Options) -> Named:
    """The last of several lines, where it is a letter or an option and the others are not."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return []
    named = _whole(lines[-1], options) or _tail_label(lines[-1], options)
    return [*named, *(one for line in lines[:-1] for one in _whole(line, options))] if named else []


def _tail_label(line: str, options: Options) -> Named:
    """A label at the beginning of the line, with its option's own text behind it."""
    found = _LABEL.match(line)
    is_own = found is not None and found["letter"] in options.spelled(found["rest"])
    return [found["letter"]] if found is not None and is_own else []


def _mentioned(text: str, options: Options) -> Named:
    """Letters in brackets, behind "option" or ending a conclusion, and not called wrong."""
    return [letter for letter in _mentions(text) if letter in options.known]


def _mentions(text: str) -> Iterator[str]:
    for cue in _MENTION.finditer(text):
        named, end = _letters_at(text, cue.end())
        if not named and cue[0]:
            follows = re.match(r"([A-Z])(?=\s)", text[cue.end() :])
            named, end = ([follows[1]], cue.end() + 1) if follows else ([], end)
        if named and not _is_rejected(text, cue.start(), end):
            yield from named
    for found in _CONCLUSION.finditer(text):
        if not _is_rejected(text, found.start(), found.end()):
            yield found["letter"]


def _is_rejected(text: str, start: int, end: int) -> bool:
    return bool(_CALLED_WRONG.match(text, end) or _DENIED.search(text[max(0, start - 40) : start]))


def _begins(text: str, options: Options) -> Named:
    """The option whose text the answer begins with, where a clause ends behind it: "Yes, it is".

    Of a list of options ("red, blue") all are named.
    """
    lower = " ".join(text.casefold().split())
    named: Named = []
    while found := _longest(lower, options, _CLAUSE_ENDS if not named else ("", *_CLAUSE_ENDS)):
        length, letters = found
        named += letters
        lower = _LISTING.sub("", lower[length:], count=1)
    return named


def _longest(lower: str, options: Options, ends: Sequence[str]) -> tuple[int, Named] | None:
    """The longest option that a text begins with, and the letters that it has."""
    fits = [
        (len(own), letter)
        for letter, own in options.keys.items()
        if lower.startswith(own) and lower[len(own) : len(own) + 1] in ends
    ]
    longest = max((length for length, _ in fits), default=0)
    letters = [letter for length, letter in fits if length == longest]
    return (longest, letters) if letters else None


def _by_text(text: str, options: Options) -> Named:
    """The one option whose text stands in the answer; of a long answer, in its last sentence."""
    if len(text.split()) > _SHORT:
        sentences = [part for part in re.split(r"(?<=[.!?])\s+|\n", text) if part.strip()]
        text = sentences[-1]
    return _contained(text, options)


def _contained(text: str, options: Options) -> Named:
    """Options whose texts stand in ``text`` as words, outside of longer ones, and not denied."""
    lower = " ".join(text.casefold().split())
    taken: list[range] = []
    named = []
    for letter, own in sorted(options.keys.items(), key=lambda pair: -len(pair[1])):
        if own in _COMMON or (len(own) == 1 and own.isalpha()):
            continue
        places = [
            place
            for place in _places(own, lower)
            if not any(place[0] in span and place[-1] in span for span in taken if span != place)
        ]
        taken += places
        if any(not _DENIED.search(lower[max(0, p[0] - 40) : p[0]]) for p in places):
            named.append(letter)
    return named


def _places(own: str, text: str) -> Iterator[range]:
    """Where ``own`` stands in ``text`` between word boundaries; "2" is not in "2.5" or "12"."""
    at = text.find(own)
    while at >= 0:
        end = at + len(own)
        before, after = text[at - 1 : at], text[end : end + 2]
        is_inside = _joins(before, own[0]) or _joins(after[:1], own[-1])
        is_number = own[-1].isdigit() and after[:1] in (".", ",") and after[1:].isdigit()
        is_number |= own[0].isdigit() and before in (".", ",", "-")
        if not is_inside and not is_number:
            yield range(at, end)
        at = text.find(own, at + 1)


def _joins(outer: str, inner: str) -> bool:
    """Whether two neighbours are of one word; scripts without spaces have no such boundaries."""
    return outer.isascii() and inner.isascii() and outer.isalnum() and inner.isalnum()


_IN_TAGS = (_whole, _stated, _concluded, _label, _last_line, _mentioned, _begins, _contained)
_STEPS = (_whole, _stated, _concluded, _label, _last_line, _mentioned, _begins, _by_text)
