"""Names shortened as R shortens them."""

from __future__ import annotations

from collections.abc import Sequence


def abbreviate(name: str, length: int) -> str:
    """Shorten a name as R does: drop small vowels from the right, then small letters, then anything.

    The first letter of a word stays.

    >>> abbreviate("(Intercept)", 6), abbreviate("MachineB", 6)
    ('(Intr)', 'MachnB')
    """
    letters = list(name.strip())

    def excess() -> bool:
        return sum(not letter.isspace() for letter in letters) > length

    def first(i: int) -> bool:
        return i == 0 or letters[i - 1].isspace()

    def last(i: int) -> bool:
        return not first(i) and (i + 1 == len(letters) or letters[i + 1].isspace())

    passes = (
        lambda i: letters[i] in "aeiou" and last(i),
        lambda i: letters[i] in "aeiou" and not first(i),
        lambda i: letters[i].islower() and last(i),
        lambda i: letters[i].islower() and not first(i),
        lambda i: not letters[i].isspace() and not first(i),
    )
    for removable in passes:
        for i in range(len(letters) - 1, 0, -1):
            if excess() and removable(i):
                del letters[i]
    if len(letters) > length:
        letters = [letter for letter in letters if not letter.isspace()]
    return "".join(letters)


def abbreviate_all(names: Sequence[str], length: int) -> list[str]:
    """Shorten names, those that would become equal less.

    >>> abbreviate_all(["recipeB", "recipeC"], 6)
    ['recipB', 'recipC']
    """
    lengths = dict.fromkeys(names, length)
    while True:
        short = {name: abbreviate(name, lengths[name]) for name in lengths}
        counts: dict[str, int] = {}
        for text in short.values():
            counts[text] = counts.get(text, 0) + 1
        equal = [name for name, text in short.items() if counts[text] > 1 and lengths[name] < len(name)]
        if not equal:
            return [short[name] for name in names]
        for name in equal:
            lengths[name] += 1
