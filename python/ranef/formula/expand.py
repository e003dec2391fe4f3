"""Formula text -> its terms: the algebra of ``+ - * / : ^ %in%`` as R has it.

A term is a product of variables, and which it is depends on its variables alone: ``a:b`` and ``b:a`` are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..errors import FormulaError
from .grammar import Grammar
from .nodes import Leaf, Node, Operation, Sum
from .python_code import read_code
from .tokens import tokenize, unquoted

MOST_TERMS = 2000


@dataclass(frozen=True)
class Variable:
    """A column, or a piece of code."""

    name: str  # of the column, without backticks; of code its label
    code: str = ""  # empty for a column


Term = tuple[Variable, ...]
_Terms = dict[frozenset[Variable], Term]


@dataclass(frozen=True)
class Terms:
    """Whether there is an intercept, and the other terms, those of few variables first."""

    intercept: bool
    terms: tuple[Term, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Each variable once, in order."""
        return tuple(dict.fromkeys(variable for term in self.terms for variable in term))

    @property
    def bare_columns(self) -> tuple[str, ...] | None:
        """The terms where each is a column by itself; None where the text asks for more.

        >>> terms_of("1 + days").bare_columns, terms_of("x:f").bare_columns
        (('days',), None)
        """
        if any(len(term) > 1 or term[0].code for term in self.terms):
            return None
        return tuple(term[0].name for term in self.terms)


@lru_cache(maxsize=512)
def terms_of(text: str) -> Terms:
    """Return the terms of formula text.

    Raises FormulaError: the text cannot be read, or says more than `MOST_TERMS` products.

    >>> [":".join(variable.name for variable in term) for term in terms_of("a*b + log(x):b - a").terms]
    ['b', 'a:b', 'log(x):b']
    """
    return expand(Grammar(text, tokenize(text)).whole_sum(), text)


def expand(node: Sum, text: str) -> Terms:
    """Return the terms of a tree without bars, see `terms_of`."""
    expansion = _Expansion(text)
    terms = expansion.of(node)
    return Terms(expansion.intercept, tuple(sorted(terms.values(), key=len)))


class _Expansion:
    """Of one text; ``intercept`` is what the last 0 or 1 said, wherever it stood, as in R."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.intercept = True

    def of(self, node: Node, sign: str = "+") -> _Terms:
        if isinstance(node, Leaf):
            return self._leaf(node, sign)
        if isinstance(node, Sum):
            return self._sum(node, sign)
        assert isinstance(node, Operation)
        left = self.of(node.left)
        if node.op == "**":
            return self._power(left, node)
        right = self.of(node.right)
        if node.op == "*":
            return self._checked(_union(left, right, self._product(left, right, node)), node)
        if node.op == "/":
            common = tuple(dict.fromkeys(variable for term in left.values() for variable in term))
            return _union(left, self._product({frozenset(common): common}, right, node))
        return self._product(left, right, node)

    def _leaf(self, leaf: Leaf, sign: str) -> _Terms:
        if leaf.kind == "number":
            if leaf.text not in ("0", "1"):
                raise FormulaError(
                    f"the number {leaf.text} is not a term: 1 and 0 say whether there is an intercept; for a "
                    "multiple of a column write I(2 * x)",
                    self.text,
                    leaf.start if self.text[leaf.start :].startswith(leaf.text) else None,
                )
            self.intercept = (leaf.text == "1") == (sign == "+")
            return {}
        if leaf.kind == "python":
            variable = Variable(read_code(leaf.text).label, leaf.text)
        else:
            variable = Variable(unquoted(leaf.text))
        return {frozenset((variable,)): (variable,)}

    def _sum(self, node: Sum, outer: str) -> _Terms:
        found: _Terms = {}
        for sign, item in node.items:
            terms = self.of(item, sign if outer == "+" else "-")
            if sign == "+":
                for key, term in terms.items():
                    found.setdefault(key, term)
            else:
                for key in terms:
                    found.pop(key, None)
        return found

    def _product(self, left: _Terms, right: _Terms, node: Operation) -> _Terms:
        found: _Terms = {}
        for one in left.values():
            for other in right.values():
                term = tuple(dict.fromkeys((*one, *other)))
                found.setdefault(frozenset(term), term)
            self._checked(found, node)
        return found

    def _power(self, base: _Terms, node: Operation) -> _Terms:
        assert isinstance(node.right, Leaf)
        found = base
        for _ in range(min(int(node.right.text), len(base)) - 1):  # higher powers add nothing: a:a is a
            found = self._product(found, base, node)
        return found

    def _checked(self, terms: _Terms, node: Operation) -> _Terms:
        if len(terms) > MOST_TERMS:
            raise FormulaError(
                f"this gives more than {MOST_TERMS:,} terms: name those you want, or use a lower power",
                self.text,
                node.start if self.text[node.start :].startswith(("*", "/", ":", "^", "%")) else None,
            )
        return terms


def _union(*sets: _Terms) -> _Terms:
    """Return all terms; one that is met again stays as it was first written."""
    found: _Terms = {}
    for terms in sets:
        for key, term in terms.items():
            found.setdefault(key, term)
    return found
