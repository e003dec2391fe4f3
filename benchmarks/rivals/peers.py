"""The programs of the comparison: version, best settings, and what each cannot do."""

from __future__ import annotations

from dataclasses import dataclass

EVERYTHING = ("fit", "refit", "replicate")
ONE_FACTOR = ("sleepstudy", "one_factor", "one_factor_10m")


@dataclass(frozen=True)
class Peer:
    """A program.

    Attributes
    ----------
    name : str
        As the tables call it.
    home : {"ours", "pypi", "R"}
        Where it lives: this environment, the rivals' environment, an R package.
    settings : str
        The settings it is given, in words; the best we know of for speed at full accuracy.
    requirement : str
        What pip installs, or the R package.
    method : {"REML", "ML"}
        What it maximises; an ML answer is compared with our ML fit.
    one_thread : bool
        Whether its BLAS gets one thread, because more only get into each other's way.
    patience : float
        How many caps it is given: lme4 is the yardstick.
    tasks : tuple of str
        "fit", "refit" (another response on the same design), "replicate" (parametric bootstrap).
    generalised : tuple of str
        The same for generalised models; none where it has none that maximise a likelihood.
    """

    name: str
    home: str
    settings: str
    requirement: str = ""
    method: str = "REML"
    one_thread: bool = False
    patience: float = 1.0
    tasks: tuple[str, ...] = ("fit",)
    generalised: tuple[str, ...] = ()

    def cannot(self, problem, task="fit"):
        """Why it has no such model, or None."""
        if problem.family:
            return self.cannot_generalised(problem, task)
        if task not in self.tasks:
            return f"has no {task}"
        if self.name == "statsmodels" and problem.name not in ONE_FACTOR:
            return "crossed factors only as one group of all rows: dense matrices of n x n"
        if self.name.startswith("GPBoost") and problem.name in (*ONE_FACTOR, "maximal"):
            return "random slopes only uncorrelated: another model"
        if self.name == "OLS" and not problem.name.startswith("one_factor"):
            return "only beside the one-factor models"
        if self.name == "GPBoost, iterative" and problem.structure[0] != "crossed":
            return "only for crossed factors"
        return None

    def cannot_generalised(self, problem, task):
        """Why it has no such generalised model, or None."""
        if not self.generalised:
            return "no generalised model by maximum likelihood"
        if task not in self.generalised:
            return f"has no {task}"
        if self.name in ("GPBoost", "mixedlm") and "cbind" in problem.formula:
            return "no binomial counts of trials"
        if self.name == "GPBoost" and not problem.name.startswith("yes_or_no"):
            return "has no formula, and its columns are made here for numbers only"
        return None


PEERS = [
    Peer("ranef", "ours", "defaults (every core)", tasks=EVERYTHING, generalised=EVERYTHING),
    Peer(
        "lme4",
        "R",
        "calc.derivs = FALSE in lmer(), factors coded beforehand, one BLAS thread (more are slower here)",
        "lme4",
        one_thread=True,
        patience=5.0,
        tasks=EVERYTHING,
        generalised=("fit", "replicate"),
    ),
    Peer(
        "glmmTMB",
        "R",
        "REML = TRUE for linear models, parallel = 2, factors coded beforehand",
        "glmmTMB",
        generalised=("fit",),
    ),
    Peer("glmm", "pypi", "satterthwaite=False", "glmm==0.6.2", generalised=("fit",)),
    Peer(
        "mixedlm",
        "pypi",
        "defaults (L-BFGS-B with its exact gradient), calc_derivs=False, one BLAS thread",
        "mixedlm==1.3.0",
        one_thread=True,
        tasks=EVERYTHING,
        generalised=("fit",),
    ),
    Peer(
        "lme-python",
        "pypi",
        "polars table; refits of a prepared design; bootstrap with one job per core",
        "lme-python==0.2.7",
        tasks=EVERYTHING,
    ),
    Peer("statsmodels", "pypi", "MixedLM, defaults, one BLAS thread", "statsmodels==0.15.0", one_thread=True),
    Peer("GPBoost", "pypi", "Cholesky, every core", "gpboost==1.8.0", method="ML", generalised=("fit",)),
    Peer("GPBoost, iterative", "pypi", "conjugate gradients, stochastic", "gpboost==1.8.0", method="ML"),
    Peer(
        "OLS",
        "pypi",
        "statsmodels OLS of the fixed part: the price of a linear regression",
        "statsmodels==0.15.0",
    ),
]
_BY_NAME = {peer.name: peer for peer in PEERS}


def peer(name):
    """A program by name."""
    return _BY_NAME[name]
