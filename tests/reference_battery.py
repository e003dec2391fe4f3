"""lme4's answers as objects: every model of `tests/reference`, its data, our formula, names mapped.

Use in a test::

    from reference_battery import all_models, load_data, load_model

    @pytest.mark.parametrize("model", all_models(), ids=str)
    def test_criterion(model):
        fit = ranef.lmer(model.formula, model.frame(), **model.arguments)
        assert fit.objective <= model.criterion + 1e-6
        beta, se = model.align(fit.params.index, model.beta), model.align(fit.params.index, model.se)

`all_models(tag="crossed", big=False, reml=True)` selects. R's names meet ours through `canonical`, which
both spellings map to.
"""

from __future__ import annotations

import functools
import gzip
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

REFERENCE = Path(__file__).parent / "reference"
# The school models are not ours to redistribute; where the shared reference lies beside the checkout they
# join the battery.
EXTRA = Path(os.environ.get("RANEF_EXTRA_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))
EXTRA_DATA = ("school",)

BIG_ROWS = 20_000

# Formulas whose spelling differs by more than `I(x^2)`; keys are model names without the method.
OUR_FORMULA = {
    "oats_f": "yield ~ C(nitro) * Variety + (1 | Block) + (1 | Block:Variety)",
    "mach_dbar": "score ~ Machine + (1 | Worker) + (0 + Machine | Worker)",
    "mach_sum": "score ~ C(Machine, contr.sum) + (1 | Worker)",
    "cake_poly": "angle ~ C(recipe, contr.helmert) * C(temperature, contr.poly) + (1 | recipe:replicate)",
}


# ---------------------------------------------------------------- data
def read_json(path):
    """The content of a .json or .json.gz file."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file)


@functools.cache
def manifest():
    """What data/manifest.json.gz says: data set name -> file, columns with types and levels."""
    entries = read_json(REFERENCE / "data" / "manifest.json.gz")
    if (EXTRA / "data" / "manifest.json").exists():
        extra = read_json(EXTRA / "data" / "manifest.json")
        entries |= {name: extra[name] for name in EXTRA_DATA if name in extra}
    return entries


@functools.cache
def _load(name):
    entry = manifest()[name]
    path = REFERENCE / "data" / entry["file"]
    if not path.exists():
        path = EXTRA / "data" / entry["file"]
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    for column, about in entry["columns"].items():
        if about["type"] == "factor":
            frame[column] = pd.Categorical(frame[column], categories=about["levels"], ordered=False)
        else:
            frame[column] = pd.to_numeric(frame[column]).astype(float)
            if about["type"] == "integer" and not frame[column].isna().any():
                frame[column] = frame[column].astype("int64")
    return frame


def load_data(name):
    """A fresh DataFrame; factors are unordered categoricals in the manifest's level order."""
    return _load(name).copy()


# ---------------------------------------------------------------- names
def _parts(name):
    """The factors of an interaction: split at colons outside brackets."""
    return re.split(r":(?![^(\[]*[)\]])", name)


def canonical(name):
    """One spelling for a column name of ours: no blanks, no `T.`, interactions in alphabetical order."""
    return ":".join(sorted(re.sub(r"\s+", "", part).replace("[T.", "[") for part in _parts(name)))


def translate_name(name, columns, contrasts):
    """R's column name (`Machine1`, `I(Days^2)`, `poly(x, 2)1`) in the spelling of `canonical`."""
    return ":".join(sorted(_translate_part(part, columns, contrasts or {}) for part in _parts(name)))


def _translate_part(part, columns, contrasts):
    if part == "(Intercept)":
        return "Intercept"
    tight = re.sub(r"\s+", "", part).replace("^", "**") if "(" in part else part
    if match := re.fullmatch(r"factor\((.+)\)(.+)", tight):
        return f"C({match[1]})[{match[2]}]"
    if match := re.fullmatch(r"(poly\(.+\))(\d+)", tight):
        return f"{match[1]}[{match[2]}]"
    for column in sorted(columns, key=len, reverse=True):
        levels, rest = columns[column].get("levels"), part[len(column) :]
        if levels and rest and part.startswith(column):
            if column in contrasts:
                return f"C({column},{contrasts[column]})[{_contrast_label(contrasts[column], rest, levels)}]"
            if rest in levels:
                return f"{column}[{rest}]"
    return tight


def _contrast_label(contrast, label, levels):
    if contrast == "contr.sum":
        return f"S.{levels[int(label) - 1]}"
    if contrast == "contr.helmert":
        return f"H.{levels[int(label)]}"
    return label  # contr.poly: .L .Q .C ^4 ... in both


def our_formula(name, formula):
    """R's formula in our dialect."""
    return OUR_FORMULA.get(name) or re.sub(r"(I\([^|]*?)\^", r"\1**", formula)


# ---------------------------------------------------------------- models
@dataclass(frozen=True, repr=False)
class ReferenceModel:
    """One model and method. `raw` is the whole JSON file; the rest is what most tests want."""

    raw: dict = field(compare=False)
    name: str  # "ss_slope_reml"

    def __str__(self):
        return self.name

    __repr__ = __str__

    @property
    def model(self):
        """The name without the method: "ss_slope"."""
        return self.raw["model"]

    @property
    def formula(self):
        return our_formula(self.model, self.raw["formula"])

    @property
    def data_name(self):
        return self.raw["data"]

    def frame(self):
        return load_data(self.data_name)

    @property
    def reml(self):
        return self.raw["REML"]

    @property
    def tags(self):
        return tuple(self.raw["tags"])

    @property
    def refused(self):
        """Whether lme4 stops with an error."""
        return self.raw["default"].get("error") is not None

    @property
    def big(self):
        return not self.refused and self.raw["dims"]["n"] > BIG_ROWS

    @property
    def theta_unique(self):
        """False where several theta share the optimum: compare covariances then."""
        return self.raw["optimum"]["newton"].get("theta_flat_directions", 0) == 0

    @property
    def weights(self):
        """Name of the weights column, or None."""
        return self.raw.get("weights")

    @property
    def offset(self):
        """Name of the column given as the offset *argument*, or None; offset() stays in the formula."""
        return self.raw.get("offset")

    @property
    def arguments(self):
        """For `ranef.lmer` besides formula and data; weights and offset as arrays over all rows."""
        arguments = {"reml": self.reml}
        for argument in ("weights", "offset"):
            if self.raw.get(argument):
                arguments[argument] = self.frame()[self.raw[argument]].to_numpy(float)
        return arguments

    # -------- the optimum
    @property
    def criterion(self):
        return self.raw["criterion"]

    @property
    def theta(self):
        return np.array(self.raw["theta"], float)

    @property
    def sigma(self):
        return self.raw["sigma"]

    @property
    def singular(self):
        return self.raw["is_singular"]

    @property
    def criterion_at(self):
        """[(theta, criterion), ...]; points lme4 could not evaluate are left out."""
        points = self.raw["criterion_at"]
        return [
            (np.array(point["theta"], float), point["value"])
            for point in points
            if point["value"] is not None
        ]

    # -------- fixed effects, by canonical name
    @property
    def coefficient_names(self):
        """R's coefficient names in canonical spelling, in R's order."""
        return [self._translate(name) for name in self.raw["beta_names"]]

    @property
    def dropped_coefficients(self):
        """Canonical names of the columns lme4 drops because X is rank-deficient."""
        return [self._translate(name) for name in self.raw["columns_dropped"]]

    @property
    def beta(self):
        return np.array(self.raw["beta"], float)

    @property
    def vcov(self):
        return np.atleast_2d(np.array(self.raw["vcov_beta"], float))

    @property
    def se(self):
        return np.sqrt(np.diag(self.vcov))

    @property
    def x_head(self):
        """Three rows of X in R's column order."""
        return np.array(self.raw["x_head"], float).reshape(3, -1)

    def order(self, ours):
        """Positions of our coefficient names among R's; -1 for a column lme4 drops.

        Raises KeyError with both lists when a name has no partner.
        """
        theirs, dropped = self.coefficient_names, set(self.dropped_coefficients)
        wanted = [canonical(name) for name in ours]
        unknown = [name for name in wanted if name not in theirs and name not in dropped]
        if unknown or not set(theirs) <= set(wanted):
            raise KeyError(
                f"{self.name}: our columns {wanted} do not match lme4's {theirs} (dropped: {sorted(dropped)})"
            )
        return np.array([theirs.index(name) if name in theirs else -1 for name in wanted])

    def align(self, ours, values):
        """R's vector or square matrix in the order of our names, NaN where lme4 drops a column."""
        order, values = self.order(ours), np.asarray(values, float)
        if values.ndim == 1:
            return np.append(values, np.nan)[order]
        padded = np.pad(values, (0, 1), constant_values=np.nan)
        return padded[np.ix_(order, order)]

    # -------- random effects
    @property
    def terms(self):
        """Variance components by term in lme4's order: [{group, columns (canonical), sd, corr, cov}]."""
        return [
            dict(term, columns=self._canonical_columns(term)) | {"cov": np.array(term["cov"], float)}
            for term in self.raw["varcorr"]
        ]

    @property
    def modes(self):
        """By term: [{group, columns, levels, modes (levels, r), cond_var (levels, r, r) or None}]."""
        return [
            {
                "group": term["group"],
                "columns": self._canonical_columns(term),
                "levels": term["levels"],
                "modes": np.array(term["modes"], float),
                "cond_var": np.array(term["cond_var"], float) if term.get("cond_var") else None,
            }
            for term in self.raw["ranef"]
        ]

    def _canonical_columns(self, term):
        return [self._translate(name) for name in term["columns"]]

    def _translate(self, name):
        return translate_name(name, manifest()[self.data_name]["columns"], self.raw.get("contrasts"))


@functools.cache
def load_model(name):
    """One model by its full name, e.g. "ss_slope_reml"."""
    for directory in (REFERENCE, EXTRA):
        path = directory / "models" / f"{name}.json"
        if path.exists():
            return ReferenceModel(read_json(path), name)
    raise KeyError(f"no reference model {name!r}")


@functools.cache
def _names():
    names = sorted(path.stem for path in (REFERENCE / "models").glob("*.json"))
    extra = sorted(path.stem for path in (EXTRA / "models").glob("*.json")) if "school" in manifest() else []
    return names + [name for name in extra if name.startswith("school")]


def all_models(*, tag=None, reml=None, big=None, refused=False, unique=None, match=None):
    """The models of the battery, filtered; those lme4 refuses only with refused=True (or None for both).

    Parameters
    ----------
    tag : str, optional
        One of the battery's tags: "crossed", "nested", "correlated", "weights", "rank-deficient", ...
    reml, big, unique : bool, optional
        By method; by size (more than 20,000 rows); by whether theta is identified.
    match : str, optional
        Regular expression on the name.
    """
    wanted = {"reml": reml, "big": big, "refused": refused}
    models = [load_model(name) for name in _names() if match is None or re.search(match, name)]
    models = [
        m for m in models if all(value is None or getattr(m, key) == value for key, value in wanted.items())
    ]
    return [
        m for m in models if (tag is None or tag in m.tags) and (unique is None or m.theta_unique == unique)
    ]


# ---------------------------------------------------------------- the other files
def load_refits(name):
    """Best fits to 20 simulated responses: (base model, responses (n, 20), expected fits)."""
    about = read_json(REFERENCE / "refit" / f"{name}.json")
    responses = pd.read_csv(REFERENCE / "refit" / about["csv"])
    base = load_model(f"{name.removesuffix('_ml')}_{'reml' if about['REML'] else 'ml'}")
    return base, responses.to_numpy(float), about["replicates"]


def load_bootstrap(name):
    """bootMer's summary and 2,000 replicates (DataFrame): "dye", "gap_slope", "pen" or "ss_slope"."""
    replicates = pd.read_csv(REFERENCE / "bootstrap" / f"{name}_replicates.csv.gz")
    return read_json(REFERENCE / "bootstrap" / f"{name}.json"), replicates


def load_table(name):
    """One of tests/reference/tests, e.g. "predict", "slides_check", "errors"."""
    return read_json(REFERENCE / "tests" / f"{name}.json")
