"""Formulas of strangers: what they say is fitted or refused by ranef's own errors, nothing else happens."""

import builtins
import os
import random
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import RanefError

RNG = np.random.default_rng(3)
N = 60
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "x": RNG.normal(size=N) + 5,
        "k": np.arange(N) % 5,
        "b": np.arange(N) % 3 == 0,
        "f": list("uvw") * 20,
        "np": RNG.normal(size=N),
        "°C": RNG.normal(size=N),
        "g": np.repeat(list("abcdef"), 10),
    }
)

# Ways out of an interpreter that evaluates text, as reported for pandas, patsy and others
ATTACKS = [
    'np.lib._npyio_impl.os.system("touch {path}")',
    'np.lib._function_base_impl.builtins.eval("1")',
    'np.save("{path}", x)',
    'np.savetxt("{path}", x)',
    'x.to_csv("{path}")',
    'x.to_pickle("{path}")',
    "x.map(np.lib._function_base_impl.builtins.eval)",
    'np.genfromtxt("/proc/self/stat")',
    '__import__("os").system("touch {path}")',
    'open("{path}", "w")',
    'eval("1")',
    'exec("1")',
    "().__class__.__bases__[0].__subclasses__()",
    "[c for c in ().__class__.__base__.__subclasses__()]",
    "(lambda: 1)()",
    "I.__globals__",
    "log.__class__",
    'getattr(x, "to_csv")("{path}")',
    "np.log(x, x)",
    "np.log(x, out=y)",
    "np.add(x, 1, x)",
    "np.frompyfunc(print, 1, 1)(x)",
    'np.fromfile("{path}")',
    "np.ctypeslib",
    'contr.__init__("{path}")',
    'contr.custom.__class__("{path}")',
    "scale(x, _state=y)",
    "scale(x, _context=y)",
    'Q("__class__")',
    "f'{{x}}'",
    '"{{0.__class__}}".format(x)',
    "x := 1",
    "print(x)",
    "globals()",
]


@pytest.fixture
def nothing_else_happens(monkeypatch, tmp_path):
    """Fail when text is evaluated or a command run, wherever it is tried from."""

    def refuse(*_, **__):
        raise AssertionError("text of a formula was run")

    ranef.glmer("b ~ scale(x) + (1|g)", DATA), ranef.gls("y ~ x", DATA, dispersion="~ k")  # imports run code
    for module, name in ((os, "system"), (subprocess, "Popen"), (builtins, "eval")):
        monkeypatch.setattr(module, name, refuse)
    yield tmp_path / "written"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_formula_runs_nothing(attack, nothing_else_happens):
    code = attack.format(path=nothing_else_happens)
    before = DATA.copy(deep=True)
    places = [f"y ~ I({code} + x) + (1|g)", f"y ~ {code} + (1|g)", f"y ~ x + (I({code} + x)|g)",
              f"I(y + {code}) ~ x + (1|g)", f"y ~ x + offset({code}) + (1|g)"]  # fmt: skip
    for text in places:
        with pytest.raises(RanefError):
            ranef.lmer(text, DATA)
    with pytest.raises(RanefError):
        ranef.gls(f"y ~ I({code} + x)", DATA, dispersion="~ k")
    with pytest.raises(RanefError):
        ranef.gls("y ~ x", DATA, dispersion=f"~ {code}")
    with pytest.raises(RanefError):
        ranef.lm_list(f"y ~ I({code} + x) | g", DATA)
    with pytest.raises(RanefError):
        ranef.glmer(f"b ~ {code} + (1|g)", DATA)
    pd.testing.assert_frame_equal(DATA, before)


PIECES = [
    *("y", "x", "k", "b", "f", "g", "np", "`°C`", "zz", "0", "1", "2", "1e400", "'a'", "True", "None"),
    *("~", "|", "||", "+", "-", "*", ":", "/", "^", "**", "%in%", ",", "=", "(", ")", "[", "]", "{", "}"),
    *(".", "`", "'", "log(", "I(", "C(", "poly(", "scale(", "bs(", "np.log(", "np.where(", "offset("),
    *("cbind(", "ar1(", "Q(", "contr.sum", "contr.treatment('v')", "np.pi", "x.mean()", "lambda", "not"),
    *("and", "if", "==", "<", ">", "%", "@", "&", "\\", "\n", "\x00", "é", "#", "9" * 30, "x**9**9**9"),
    *("(1|g)", "(x|g)", "(x||g)", "df=4"),
]
SANE = [
    *("x", "k", "b", "f", "np", "`°C`", "I(x + k)", "C(f)", "C(k)", "poly(x, 2)", "scale(x)", "0", "log(x)"),
    *("C(f, contr.sum)", "I(x > 5)", "np.isin(k, [1, 2])", "C(b)", "(x + f)", "{x + 1}", "cr(x, df=3)"),
    *("poly(x, 40)", "C(f, Treatment('v'))", "C(f, {'a': [1, 0, 0]})", "Q('x')", "1e308*x"),
]
SHAPES = [
    *("y ~ {} + (1|g)", "y ~ x + ({}|g)", "{} ~ x + (1|g)", "y ~ I({}) + (1|g)", "y ~ {}"),
    "y ~ log({}) + (k|g)",
]


def test_any_formula_is_fitted_or_refused_by_ranefs_own_errors():
    draw = random.Random(20)
    data = DATA.head(30)
    fitted = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(1200):
            pieces, joint = (PIECES, " ") if number % 5 else (SANE, draw.choice([" + ", ":", "*"]))
            text = draw.choice(SHAPES).format(joint.join(draw.choices(pieces, k=draw.randint(1, 6))))
            try:
                ranef.Model(text, data)
                fitted += 1
            except (RanefError, MemoryError):
                pass
            except Exception as error:
                raise AssertionError(f"{text!r} leaves as {type(error).__name__}: {error}") from error
    assert fitted > 50  # some are formulas
