"""What to write here for functions that formulas of R, patsy and Stata call."""

from __future__ import annotations

_SPLINES = "bs(x, df=5) and cr(x, df=5) are splines with as many coefficients as you say"
_SMOOTH = f"is a smooth term, whose roughness is estimated, and not available here: {_SPLINES}"
_BEFORE = (
    "is the value of another row, at the start of a group that of another group: add it to the data as a "
    "column, data.groupby('g')['x'].shift()"
)
_NO_COLUMN = "makes a factor of a number: add it to the data as a column, pandas.cut(data['x'], 3)"
_NUMBER = "is not needed: a column of numbers is a number; convert the column in the data if it holds text"

INSTEAD = {
    **dict.fromkeys(("s", "te", "ti", "t2", "smooth"), _SMOOTH),
    **dict.fromkeys(("lag", "lead", "shift"), _BEFORE),
    **dict.fromkeys(("cut", "cut2", "qcut", "ntile"), _NO_COLUMN),
    **dict.fromkeys(("as.numeric", "as.integer", "as.double", "numeric"), _NUMBER),
    "ns": "is a natural cubic spline: the same curves are cr(x, df=3, constraints='center')",
    "rcs": "is a natural cubic spline: the same curves are cr(x, df=3, constraints='center')",
    "rms.rcs": "is a natural cubic spline: the same curves are cr(x, df=3, constraints='center')",
    "mkspline": f"is a spline of Stata's: {_SPLINES}",
    "ifelse": "chooses between two values: write np.where(x > 0, 1, 0)",
    "case_when": "chooses between values: write np.where(x > 0, 1, 0), or add the column to the data",
    "relevel": "chooses the reference level: write C(f, contr.treatment('level'))",
    "interaction": "joins factors: write a:b, and a*b with their main effects",
    "ordered": "makes a factor ordered: add it to the data as an ordered pandas.Categorical",
    "mo": "is a monotonic effect of brms, and not available here: C(x) has a coefficient for every level",
    "mm": "is a term with several groups at once (multiple membership), and not available here",
    "logit": "is np.log(p / (1 - p)): write log(p / (1 - p)), or pass it as functions={'logit': function}",
}
