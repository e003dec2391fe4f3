"""The public surface, listed: nothing is public by accident, nothing public is undocumented."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import ranef
from ranef import lme4, plots
from ranef.estimates.lm_list import LmList
from ranef.estimates.pooling import Pooling
from ranef.estimates.varcorr import VarCorr
from ranef.optimize import Optimum
from ranef.plots.accessor import FitPlots
from ranef.repeated import VisitCovariance, VisitFit, VisitModel, VisitPlan
from ranef.report.regression import RegressionTable
from ranef.report.summary import Summary
from ranef.residual import GlsFit, ResidualFit
from ranef.versions import versions

ROOT = Path(__file__).parents[1]

# What `import ranef` gives. A new name goes here once it has a docstring, an example and a place in docs/.
SURFACE = {
    *("ArgumentError", "DataError", "FitError", "FormulaError", "MemoryLimitError"),
    *("NewLevelError", "RanefError"),
    *("RowsNotKeptError", "UnknownColumnError", "__version__"),
    *("Model", "Fit", "BootstrapResult", "Iterations", "Profile"),
    *("batches", "glmer", "gls", "lmer", "lm_list", "mmrm"),
    *("allfit", "anova", "diagnose", "exact_rlrt", "modelsummary", "pbtest", "pooling", "power"),
    *("emmeans", "emtrends", "power_curve"),
    *("datasets", "lme4", "plots", "show_versions"),
    *("CellSums", "Sums", "fit", "load_sums", "merge", "sums", "sums_sql"),
    *("get_num_threads", "set_num_threads"),
}
# What `ranef.plots` gives; each is drawn in the gallery and compared with a picture in tests/plots.
PLOTS = {
    *("acf", "bootstrap", "bootstrap_pairs", "caterpillar", "check", "coefficients", "comparisons"),
    *("criterion", "effects", "intervals"),
    *("means", "pooling", "power", "profile", "profile_pairs", "qq", "residuals", "shrinkage", "simulated"),
    *("slopes", "spread", "style", "topographic"),
}
CLASSES = [
    *(ranef.Fit, ranef.Model, ranef.BootstrapResult, ranef.Profile, LmList, Pooling),
    *(GlsFit, ResidualFit, ranef.Sums, ranef.CellSums),
    *(VisitCovariance, VisitFit, VisitModel, VisitPlan),
    *(VarCorr, Optimum, RegressionTable, Summary, FitPlots),
]


def functions():
    """(where, name, object) of every public function and class."""
    for module in (ranef, plots, ranef.datasets, lme4):
        for name in module.__all__:
            value = getattr(module, name)
            if not name.startswith("_") and not inspect.ismodule(value):
                yield f"{module.__name__}.{name}", value


def members():
    """(where, object) of every public method and property."""
    for owner in CLASSES:
        for name, value in inspect.getmembers(owner):
            if name.startswith("_") or isinstance(value, int | float | str | tuple):
                continue
            found = inspect.getattr_static(owner, name)
            if not getattr(found, "shown", True):  # a hook that only the package calls
                continue
            if callable(value) or isinstance(found, property) or hasattr(found, "func"):
                yield f"{owner.__name__}.{name}", found


def text_of(value):
    return inspect.getdoc(getattr(value, "func", value)) or ""


def test_nothing_is_public_by_accident():
    unlisted = set(ranef.__all__) - SURFACE
    assert not unlisted, f"list these in SURFACE, and document them: {sorted(unlisted)}"
    assert set(plots.__all__) == PLOTS


def test_everything_public_has_a_docstring():
    bare = [where for where, value in (*functions(), *members()) if len(text_of(value)) < 15]
    assert not bare, bare


@pytest.mark.parametrize("module", [ranef, plots], ids=lambda module: module.__name__)
def test_every_function_shows_an_example(module):
    names = [name for name in module.__all__ if inspect.isfunction(getattr(module, name))]
    without = [name for name in names if ">>>" not in text_of(getattr(module, name))]
    assert not without, without


def test_every_name_is_in_the_documentation():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    named_by_use = ("Error", "__")
    names = [name for name in ranef.__all__ if not name.endswith(named_by_use)]
    missing = [name for name in names if f"ranef.{name}" not in text]
    assert not missing, f"in no page of docs/: {missing}"


def test_every_word_of_the_dialect_is_in_its_table():
    page = (ROOT / "docs" / "for_lme4_users.md").read_text(encoding="utf-8")
    missing = [
        name
        for name in (*lme4.__all__, *lme4.getme.COMPONENTS)
        if f"`{name}`" not in page and f"`{name}(" not in page
    ]
    assert not missing, missing


def test_versions(capsys):
    ranef.show_versions()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ranef", ranef.__version__] and len(lines) == len(versions())
    assert any("blas" in line for line in lines)


def test_citation_names_this_version():
    assert f"\nversion: {ranef.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_names_of_functions_are_not_those_of_modules_later():
    """`import ranef.fit` finds the module, and `ranef.fit` stays the function."""
    code = "import ranef; from ranef.fit import Fit; import ranef.fit; ranef.fit(ranef.sums); "
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ArgumentError: fit() takes sums" in found.stderr
