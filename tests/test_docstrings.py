"""Public docstrings are numpydoc's: its sections, and under Parameters the arguments there are."""

import inspect
import re

from test_public_surface import functions, members, text_of

SECTIONS = (
    *("Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns", "See Also"),
    *("Notes", "References", "Examples"),
)
HEADING = re.compile(r"^([A-Z][a-z]+(?: [A-Z][a-z]+)?)\n(-{3,})$", re.MULTILINE)
NAMES = re.compile(r"^([*\w]+(?:, [*\w]+)*)(?: : .+)?$", re.MULTILINE)
OWNERS = {"self", "fit", "model", "profile", "result"}  # what a method has before its dot
PUBLIC = [*functions(), *members()]


def sections(text):
    """Heading -> what stands below it; rules below a line of a printed table are of another length."""
    found = [match for match in HEADING.finditer(text) if len(match[1]) == len(match[2])]
    starts = [match.start() for match in found]
    return {m[1]: text[m.end() : end] for m, end in zip(found, [*starts[1:], len(text)], strict=False)}


def arguments(value):
    names = list(inspect.signature(value).parameters)
    return names[1:] if names and names[0] in OWNERS else names


def callables():
    for where, value in PUBLIC:
        called = getattr(value, "func", value)
        if inspect.isfunction(called):
            yield where, called


def test_sections_are_those_of_numpydoc_in_its_order():
    wrong = []
    for where, value in PUBLIC:
        headings = list(sections(text_of(value)))
        known = [SECTIONS.index(name) for name in headings if name in SECTIONS]
        if len(known) < len(headings) or known != sorted(known):
            wrong.append(f"{where}: {headings}")
    assert not wrong, "\n".join(wrong)


def test_parameters_are_those_of_the_signature():
    """All; none where there is but one, or where they are another function's, which is named."""
    wrong = []
    for where, value in callables():
        text, names = text_of(value), arguments(value)
        listed = sections(text).get("Parameters")
        if listed is None:
            if len(names) > 1 and "`" not in text.split("\n\n")[0]:
                wrong.append(f"{where}: no Parameters section for {names}")
            continue
        described = [name.lstrip("*") for line in NAMES.findall(listed) for name in line.split(", ")]
        described = described[1:] if described[0] in OWNERS - set(names) else described
        if sorted(described) != sorted(names):
            wrong.append(f"{where}: describes {described}, takes {names}")
    assert not wrong, "\n".join(wrong)
