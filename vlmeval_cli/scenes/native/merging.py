"""Scenes of several captions become one: synonyms among their objects and relations are merged."""

from __future__ import annotations

from collections.abc import Iterable

from vlmeval_cli.scenes.native.synonyms import is_similar

Tuple = tuple[str, ...]


class _Groups:
    """Words put together with the synonyms that came before them."""

    def __init__(self) -> None:
        self._groups: list[list[str]] = []
        self._of: dict[str, list[str]] = {}

    def add(self, word: str) -> None:
        """Put a word to the first group that has a synonym of it, or to one of its own."""
        if word in self._of:
            return
        group = next((one for one in self._groups if any(is_similar(word, w) for w in one)), None)
        if group is None:
            group = []
            self._groups.append(group)
        group.append(word)
        self._of[word] = group

    def named(self, word: str) -> str:
        """All words of a group, as the official output writes them."""
        return "/".join(self._of[word])


def merged(tuples: Iterable[Tuple]) -> list[Tuple]:
    """The different tuples of an item, with synonyms merged.

    Objects are merged first; attributes of one object, and relations of the same two, after them.

    >>> merged([("dog",), ("dog", "small"), ("puppy",), ("dog", "little")])
    [('dog',), ('dog', 'small/little'), ('puppy',)]
    """
    given = list(dict.fromkeys(tuples))
    objects = _Groups()
    for one in given:
        for word in one[::2]:
            objects.add(word)
    links: dict[Tuple, _Groups] = {}
    for one in given:
        if len(one) > 1:
            links.setdefault(_ends(one, objects), _Groups()).add(one[1])
    found: dict[Tuple, None] = {}
    for one in given:
        ends = _ends(one, objects)
        link = [links[ends].named(one[1])] if len(one) > 1 else []
        found[*ends[:1], *link, *ends[1:]] = None
    return list(found)


def _ends(one: Tuple, objects: _Groups) -> Tuple:
    """The objects of a tuple under their common names."""
    return tuple(objects.named(word) for word in one[::2])
