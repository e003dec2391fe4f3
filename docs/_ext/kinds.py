"""What works on which fit: tables read off the classes of fits, where a page has one of the marks below."""

from importlib import import_module
from inspect import getattr_static, isfunction

from ranef.guidance.refusals import ATTRIBUTES, CALLED, KINDS, METHODS, Refused, lacking
from ranef.likelihood_fit import LikelihoodFit
from ranef.verbs import Answer, Verb

HOMES = (
    *("fit", "generalised.inflated.fit", "generalised.dispersed.fit", "generalised.cells.sums"),
    *("iterative", "repeated", "residual", "related.fit"),
)


def classes():
    """Kind -> its class, in the order of the package's table."""
    for home in HOMES:
        import_module(f"ranef.{home}")
    found, to_see = {}, LikelihoodFit.__subclasses__()
    while to_see:
        one = to_see.pop()
        to_see += one.__subclasses__()
        if one.__name__ != "TestedFit":  # a base
            found[one._kind] = one
    return {kind: found[kind] for kind in KINDS}


def answers(kind):
    """Method -> whether a class of fits answers it, else it refuses."""
    found = {}
    for base in kind.__mro__:
        for name in vars(base):
            one = getattr_static(kind, name)
            method = isfunction(one) or (isinstance(one, Verb) and not isinstance(one, Answer))
            for_users = getattr(one, "shown", True) and name[0] != "_" and name != "padded"
            if isinstance(one, Refused) or (method and for_users):
                found.setdefault(name, not isinstance(one, Refused))
    return found


def table():
    """Markdown: a row for each method, a column for each kind."""
    found = {kind: answers(one) for kind, one in classes().items()}
    everywhere = dict.fromkeys(name for of_kind in found.values() for name in of_kind)
    names = [name for name in everywhere if name not in (*CALLED, "rePCA", "update")]
    signs = {True: "✓", False: "–", None: ""}
    rows = [[f"`{name}`", *(signs[one.get(name)] for one in found.values())] for name in names]
    head = [["", *(f"`{kind}`" for kind in found)], ["---", *[":-:"] * len(found)]]
    return "\n".join(f"| {' | '.join(row)} |" for row in head + rows)


def _brief(kind):
    """What a kind is, without the reason that messages add."""
    return KINDS[kind].partition(",")[0]


def names():
    """Markdown: what the columns are."""
    return "\n".join(f"| `{kind}` | {_brief(kind)} |" for kind in KINDS)


def remedies():
    """Markdown: for each kind, what it refuses and what to do instead."""
    parts = []
    for kind, one in classes().items():
        by_remedy = {}
        for name in METHODS:
            lack = getattr_static(one, name, None)
            if isinstance(lack, Refused) and name != "rePCA":  # an old name
                by_remedy.setdefault(lack.instead, []).append(f"`{CALLED.get(name, name)}()`")
        for name, instead in lacking(kind, ATTRIBUTES):
            by_remedy.setdefault(instead, []).append(f"`{name}`")
        if by_remedy:
            lines = [f"- {', '.join(names)}: {instead}" for instead, names in by_remedy.items()]
            parts.append("\n".join([f"### `{kind}`: {_brief(kind)}", "", *lines]))
    return "\n\n".join(parts)


PIECES = {f"<!-- {one.__name__} of kinds of fits -->": one for one in (names, table, remedies)}


def fill(app, docname, source):
    """Replace the marks of a page."""
    for mark, piece in PIECES.items():
        if mark in source[0]:
            source[0] = source[0].replace(mark, piece())


def setup(app):
    """Listen to pages being read."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
