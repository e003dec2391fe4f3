"""Hypotheses in words."""

import numpy as np
import pytest
import ranef
from ranef.inference.hypothesis_parser import parse_hypotheses

NAMES = [
    "Intercept",
    "days",
    "days2",
    "service[T.1]",
    "service[T.1]:dept[T.a b]",
    "C(Machine, contr.sum)[S.A]",
    "I(x ** 2)",
    "poly(x, 2)[1]",
    "C(k, contr.poly)[.L]",
    "nitro",
    "a name",
]


def row(**weights):
    positions = {letter: index for index, letter in enumerate("idesxcqplna")}
    out = np.zeros(len(NAMES))
    for key, weight in weights.items():
        out[positions[key]] = weight
    return out


@pytest.mark.parametrize(
    ("text", "rows", "values"),
    [
        ("days = 0", [row(d=1)], [0]),
        ("days", [row(d=1)], [0]),
        ("days == 3", [row(d=1)], [3]),
        ("0 = days - 3", [row(d=-1)], [-3]),
        ("service[T.1] - 2*nitro = 0", [row(s=1, n=-2)], [0]),
        ("service[ T.1 ]-2 * nitro=0", [row(s=1, n=-2)], [0]),
        ("(Intercept) + days = 1.5e1", [row(i=1, d=1)], [15]),
        ("Intercept = .5", [row(i=1)], [0.5]),
        ("-days2/4 + days*3 = -1", [row(e=-0.25, d=3)], [-1]),
        ("2*(days - (nitro + 1)) = 0", [row(d=2, n=-2)], [2]),
        ("service[T.1]:dept[T.a b] = service[T.1]", [row(x=1, s=-1)], [0]),
        ("C(Machine,contr.sum)[S.A] = 0", [row(c=1)], [0]),
        ("C(Machine, contr.sum)[S.A] = I(x**2)", [row(c=1, q=-1)], [0]),
        ("poly(x, 2)[1] = 0, C(k, contr.poly)[.L] = 1", [row(p=1), row(l=1)], [0, 1]),
        ("days = days2 = nitro", [row(d=1, e=-1), row(e=1, n=-1)], [0, 0]),
        ("days = 0; nitro = 1\n days2 = 2", [row(d=1), row(n=1), row(e=1)], [0, 1, 2]),
        ("`days` = 0", [row(d=1)], [0]),
        ("`a name` - a name + days= 0", [row(d=1)], [0]),
        ("+days - -nitro = 0", [row(d=1, n=1)], [0]),
        ("days * 2 * 3 = 0", [row(d=6)], [0]),
    ],
)
def test_meaning(text, rows, values):
    contrasts, rhs = parse_hypotheses(text, NAMES)
    np.testing.assert_allclose(contrasts, rows, atol=1e-15)
    np.testing.assert_allclose(rhs, values, atol=1e-15)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("dayz = 0", "no coefficient 'dayz'. Did you mean 'days'?", 0),
        ("days = nitro + service", "It has the coefficients 'service[T.1]', 'service[T.1]:dept", 15),
        ("days:nitro = 0", "no coefficient 'days:nitro'", 0),
        ("days3 = 0", "no coefficient 'days3'", 0),
        ("service[T.2] = 0", "no coefficient 'service[T.2]'", 0),
        ("days * nitro = 0", "cannot be multiplied", 7),
        ("1 / days = 0", "only a number other than 0 can divide", 4),
        ("days / 0 = 1", "only a number other than 0 can divide", 7),
        ("days = ", "a coefficient or a number is missing", 7),
        ("days = 0 nitro = 0", "'nitro' is not expected here", 9),
        ("(days = 0", "a closing bracket is missing", 6),
        ("1 = 1", "says nothing about a coefficient", 0),
        ("days = days", "says nothing about a coefficient", 0),
        ("days = 0 & nitro = 0", "'&' cannot be read", 9),
        ("", "empty", None),
        (" , ", "empty", None),
    ],
)
def test_refused_with_the_place(text, message, column):
    with pytest.raises(ranef.ArgumentError) as caught:
        parse_hypotheses(text, NAMES)
    lines = str(caught.value).split("\n")
    assert message in lines[0]
    if column is not None:
        assert lines[1] == f"  {text}" and lines[2] == " " * (column + 2) + "^"
