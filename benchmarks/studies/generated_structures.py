"""Generated models over all covariance structures beside nlme and glmmTMB: criteria, coefficients, errors.

    python -m benchmarks.studies.generated_structures > benchmarks/studies/generated_structures.txt

Small data, many of them with a singular covariance at the minimum. A model by arm is two calls of gls().
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import ranef

SCRIPT = Path(__file__).with_suffix(".R")
Call = dict[str, Any]


def crossed(seed: int) -> pd.DataFrame:
    """Groups by visits with replicates: the visits' covariance decays, is shared, of rank two, or zero."""
    random = np.random.default_rng(seed)
    groups, visits, times = (int(random.integers(*ends)) for ends in ((9, 22), (3, 6), (1, 4)))
    g, v = (a.ravel() for a in np.meshgrid(range(groups), range(visits), range(times), indexing="ij")[:2])
    rows = pd.DataFrame({"g": [f"g{a:02d}" for a in g], "v": [f"v{a}" for a in v]})
    n = len(rows)
    rows["x"] = np.round(random.normal(size=n), 3)
    rows["arm"] = np.where(random.permutation(groups)[g] < groups // 2, "a", "b")
    s = random.integers(0, 3, n)
    rows["s"] = np.array(["p", "q", "r"])[s]
    rows["h"] = [f"h{a}" for a in random.integers(0, 6, n)]
    rows["w"] = np.round(random.uniform(0.5, 2, n), 3)
    sd = np.exp(random.normal(scale=0.4, size=visits))
    loadings = random.normal(size=(visits, 2))
    decay = 0.6 ** np.abs(np.subtract.outer(range(visits), range(visits)))
    shared = np.outer(sd, sd) * (0.5 * np.eye(visits) + 0.5)
    kinds = [np.outer(sd, sd) * decay, shared, loadings @ loadings.T, 1e-8 * np.eye(visits)]
    b = random.multivariate_normal(np.zeros(visits), kinds[seed % 4], size=groups, method="eigh")
    sigma = np.array([1, 1.5, 2.0])[s] if seed % 2 else 1.0
    mean = 1 + 0.5 * rows.x + 0.3 * (rows.arm == "b") * v
    rows["y"] = np.round(mean + b[g, v] + sigma * random.normal(size=n), 4)
    return rows[random.random(n) > (0.15 if seed % 3 else 0)].reset_index(drop=True)


def places(seed: int) -> pd.DataFrame:
    """Groups by places on a plane, with an exponential covariance."""
    random = np.random.default_rng(1000 + seed)
    where = np.unique(np.round(random.uniform(0, 4, (8, 2)), 1), axis=0)
    apart = np.sqrt(((where[:, None] - where[None]) ** 2).sum(-1))
    root = np.linalg.cholesky(1.5 * np.exp(-apart / 1.5))
    g, p = (a.ravel() for a in np.meshgrid(range(12), range(len(where)), range(2), indexing="ij")[:2])
    b = random.normal(size=(12, len(where))) @ root.T
    rows = pd.DataFrame({"g": [f"g{a:02d}" for a in g], "px": where[p, 0], "py": where[p, 1]})
    rows["x"] = np.round(random.normal(size=len(g)), 3)
    rows["y"] = np.round(2 + 0.4 * rows.x + b[g, p] + random.normal(size=len(g)), 4)
    return rows[random.random(len(rows)) > 0.2].reset_index(drop=True)


def series(seed: int) -> pd.DataFrame:
    """Subjects over time with gaps; residuals that correlate by 0.6, -0.3, 0 or 0.9 a step."""
    random = np.random.default_rng(2000 + seed)
    subjects, times = int(random.integers(8, 18)), int(random.integers(5, 10))
    rho = [0.6, -0.3, 0.0, 0.9][seed % 4]
    parts = []
    for j in range(subjects):
        t = np.cumsum(random.choice([1, 1, 1, 2, 3], times))
        s = random.integers(0, 3, times)
        noise = random.normal(size=times)
        for k in range(1, times):
            r = rho ** int(t[k] - t[k - 1])
            noise[k] = r * noise[k - 1] + np.sqrt(1 - r * r) * noise[k]
        x = np.round(random.normal(size=times), 3)
        u = random.normal() * (0.8 if seed % 3 else 0)
        y = 2 + 0.5 * x + 0.1 * t * (j % 2) + u + noise * np.array([1, 1.6, 0.7])[s]
        own = {"g": f"g{j:02d}", "t": t, "arm": "ab"[j % 2]}
        own["z"] = np.round(t + random.uniform(-0.3, 0.3, times), 2)
        own |= {"s": np.array(["p", "q", "r"])[s], "x": x, "y": np.round(y, 4)}
        parts.append(pd.DataFrame(own | {"w": np.round(random.uniform(0.5, 2, times), 3)}))
    rows = pd.concat(parts, ignore_index=True)
    return rows[random.random(len(rows)) > 0.1].sample(frac=1, random_state=seed).reset_index(drop=True)


def trial(seed: int) -> pd.DataFrame:
    """Patients over visits, some missed; an unstructured covariance, or one that decays."""
    random = np.random.default_rng(3000 + seed)
    patients, visits = int(random.integers(30, 60)), int(random.integers(3, 6))
    root = random.normal(size=(visits, visits))
    sigma = root @ root.T + 0.5 * np.eye(visits)
    if seed % 2:
        sd = np.arange(1, visits + 1) ** 0.5
        sigma = np.outer(sd, sd) * 0.6 ** np.abs(np.subtract.outer(range(visits), range(visits)))
    b = random.multivariate_normal(np.zeros(visits), sigma, size=patients)
    g, v = (a.ravel() for a in np.meshgrid(range(patients), range(visits), indexing="ij"))
    rows = pd.DataFrame({"g": [f"g{a:02d}" for a in g], "v": [f"v{a}" for a in v], "k": v + 1})
    rows["arm"], rows["x"] = np.where(g % 2, "a", "b"), np.round(random.normal(size=patients)[g], 3)
    rows["time"], rows["w"] = np.array([0, 1, 2.5, 4, 7])[v], np.round(random.uniform(0.5, 2, len(g)), 3)
    rows["y"] = np.round(1 + 0.4 * rows.x + 0.3 * (rows.arm == "b") * v + b[g, v], 4)
    return rows[(random.random(len(rows)) > 0.15) | (v == 0)].reset_index(drop=True)


def lme(fixed: str, random: str, reml: bool, *more: str) -> str:
    """Return a call of nlme's lme()."""
    return _call("lme", f"{fixed}, d, {random}", [_method(reml), *more, "control = lmec"])


def gls(fixed: str, reml: bool, *more: str, data: str = "d") -> str:
    """Return a call of nlme's gls()."""
    return _call("gls", f"{fixed}, {data}", [_method(reml), *more, "control = glsc"])


def tmb(formula: str, reml: bool, *more: str) -> str:
    """Return a call of glmmTMB()."""
    return _call("glmmTMB", f"{formula}, d, REML = {str(reml).upper()}", [*more, "control = tmbc"])


def _method(reml: bool) -> str:
    return f"method = '{'REML' if reml else 'ML'}'"


def _call(name: str, first: str, more: list[str]) -> str:
    return f"{name}({', '.join([first, *more])})"


Made = tuple[str, str, dict[str, str], dict[str, str]]  # function, formula, options, peers' calls


def of_crossed(fixed: str, reml: bool) -> Iterator[Made]:
    """Yield the models of `crossed` data."""
    strata = "weights = varIdent(form = ~ 1 | s)"
    for kind in ("diag", "cs", "ar1", "toep", "us"):
        peers = {"glmmTMB": tmb(f"{fixed} + {kind}(0 + v | g)", reml)}
        if kind in ("diag", "us"):
            pd_class = {"diag": "pdDiag", "us": "pdSymm"}[kind]
            peers["nlme"] = lme(fixed, f"list(g = {pd_class}(~ 0 + v))", reml)
        yield "lmer", f"{fixed} + {kind}(0 + v | g)", {}, peers
    for rank in (1, 2):
        text = f"{fixed} + rr(0 + v | g, d={rank})"
        yield "lmer", text, {}, {"glmmTMB": tmb(text, reml)}
    shared = "list(g = pdCompSymm(~ 0 + v))"
    yield "lmer", f"{fixed} + homcs(0 + v | g)", {}, {"nlme": lme(fixed, shared, reml)}
    one = lme(fixed, "list(g = pdIdent(~ 0 + v))", reml)
    yield "lmer", f"{fixed} + homdiag(0 + v | g)", {}, {"nlme": one}
    two = f"{fixed} + (1 | h) + ar1(0 + v | g)"
    yield "lmer", two, {}, {"glmmTMB": tmb(two, reml)}
    by_s = {"dispersion": "~ s"}
    yield "lmer", f"{fixed} + homcs(0 + v | g)", by_s, {"nlme": lme(fixed, shared, reml, strata)}
    for text, options in (
        (f"{fixed} + ar1(0 + v | g)", by_s),
        (f"{fixed} + (1 | g)", {"dispersion": "~ x"}),
        (f"{fixed} + (1 | g)", {"dispersion": "~ x + s"}),
        (f"{fixed} + (1 | g) + (1 | h)", by_s),
    ):
        yield "lmer", text, options, {"glmmTMB": tmb(text, reml, f"dispformula = {options['dispersion']}")}


def of_places(fixed: str, reml: bool) -> Iterator[Made]:
    """Yield the model of `places`."""
    yield "lmer", f"{fixed} + exp(0 + px + py | g)", {}, {"glmmTMB": tmb(f"{fixed} + exp(0 + pos | g)", reml)}


def of_series(fixed: str, reml: bool) -> Iterator[Made]:
    """Yield the models of `series`."""
    strata = "weights = varIdent(form = ~ 1 | s)"
    for kind, time, theirs in (("ar1", "t", "corAR1"), ("car1", "z", "corCAR1")):
        in_time = f"correlation = {theirs}(form = ~ {time} | g)"
        for options, more in (
            ({"residual": f"{kind}({time} | g)"}, [in_time]),
            ({"residual": f"{kind}({time} | g)", "dispersion": "~ s"}, [in_time, strata]),
        ):
            yield "gls", fixed, options, {"nlme": gls(fixed, reml, *more)}
            yield "lmer", f"{fixed} + (1 | g)", options, {"nlme": lme(fixed, "~ 1 | g", reml, *more)}
        slopes = {"nlme": lme(fixed, "~ t | g", reml, in_time)}
        yield "lmer", f"{fixed} + (t | g)", {"residual": f"{kind}({time} | g)"}, slopes
    for what, weights in (("~ s", strata), ("~ x", "weights = varExp(form = ~ x)")):
        peers = {"nlme": gls(fixed, reml, weights), "glmmTMB": tmb(fixed, reml, f"dispformula = {what}")}
        yield "gls", fixed, {"dispersion": what}, peers
    known = gls(fixed, reml, "correlation = corAR1(form = ~ t | g)", "weights = varFixed(~ I(1 / w))")
    yield "gls", fixed, {"residual": "ar1(t | g)", "weights": "w"}, {"nlme": known}


def of_trial(fixed: str, reml: bool) -> Iterator[Made]:
    """Yield the models of `trial`."""
    strata = "weights = varIdent(form = ~ 1 | v)"
    kinds = {"us": "corSymm(form = ~ k | g)", "cs": "corCompSymm(form = ~ 1 | g)"}
    kinds["ar1"] = "corAR1(form = ~ k | g)"
    of_kind = {"us": "us", "cs": "cs", "csh": "cs", "ar1": "ar1", "ar1h": "ar1", "diagh": ""}
    for name, kind in of_kind.items():
        more = [f"correlation = {kinds[kind]}"] if kind else []
        more += [strata] if name.endswith("h") or name == "us" else []
        yield "mmrm", f"{fixed} + {name}(v | g)", {}, {"nlme": gls(fixed, reml, *more)}
        if name in ("us", "csh", "ar1h"):
            arms = [gls("y ~ x + v", reml, *more, data=f"subset(d, arm == '{a}')") for a in "ab"]
            yield "mmrm", f"y ~ arm/x + arm*v + {name}(v | arm / g)", {}, {"nlme": f"list({', '.join(arms)})"}
    known = "weights = varComb(varIdent(form = ~ 1 | v), varFixed(~ I(1 / w)))"
    us = gls(fixed, reml, f"correlation = {kinds['us']}", known)
    yield "mmrm", f"{fixed} + us(v | g)", {"weights": "w"}, {"nlme": us}
    for name, theirs in (("sp_exp", "corExp"), ("sp_gau", "corGaus")):
        spatial = gls(fixed, reml, f"correlation = {theirs}(form = ~ time | g)")
        yield "mmrm", f"{fixed} + {name}(time | g)", {}, {"nlme": spatial}


KINDS = {  # data and models, fixed parts, number of data sets
    crossed: (of_crossed, ("y ~ x", "y ~ x + arm*v"), 8),
    places: (of_places, ("y ~ x",), 3),
    series: (of_series, ("y ~ x + arm*t",), 6),
    trial: (of_trial, ("y ~ x + arm*v",), 5),
}


def models(folder: Path) -> list[Call]:
    """Write the data, return the models."""
    out: list[Call] = []
    for data, (made, fixed, count) in KINDS.items():
        for seed in range(count):
            name = f"{data.__name__}{seed}"
            data(seed).to_csv(folder / f"{name}.csv", index=False)
            for reml in (True, False) if seed < 2 else (bool(seed % 3),):
                for function, formula, options, peers in made(fixed[seed % len(fixed)], reml):
                    own = {"data": name, "call": function, "formula": formula, "options": options}
                    out.append({"id": len(out), **own, "reml": reml, "peers": peers})
    return out


def compared(call: Call, rows: pd.DataFrame, peer: dict[str, Any]) -> dict[str, Any]:
    """Fit a model here, return how far it is from a peer's answer."""
    fit = getattr(ranef, call["call"])(call["formula"], rows, reml=call["reml"], **call["options"])
    out = {"converged": fit.converged, "singular": fit.singular}
    out |= {"program": peer["program"], "reml": call["reml"]}
    out["above"] = fit.objective - float(pd.to_numeric(peer.get("criterion"), errors="coerce") or np.nan)
    out |= {"beta": np.nan, "se": np.nan}
    if abs(out["above"]) < 1e-5 and peer.get("beta"):
        se, ours = np.sqrt(np.diag(fit.solution["vcov"])), fit.params.to_numpy()
        order, theirs = np.argsort(ours), np.argsort(peer["beta"])
        out["beta"] = float(np.abs((ours[order] - np.array(peer["beta"])[theirs]) / se[order]).max())
        errors = pd.to_numeric(pd.Series(peer["se"]), errors="coerce").to_numpy(float)[theirs]
        if call["call"] != "lmer" and not call["reml"] and peer["program"] == "nlme":
            errors *= np.sqrt((fit.nobs - len(se)) / fit.nobs)  # which gls() divides by n - p
        out["se"] = float(np.abs(errors / se[order] - 1).max())
    return out


def main() -> None:
    """Print the table."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calls = models(folder)
        (folder / "models.json").write_text(json.dumps(calls), encoding="utf-8")
        run = subprocess.run(["Rscript", str(SCRIPT), name], capture_output=True, text=True, check=True)
        for line in run.stdout.splitlines():
            peer = json.loads(line)
            call = calls[peer["id"]]
            rows = pd.read_csv(folder / f"{call['data']}.csv")
            found.append({"call": call["call"], **compared(call, rows, peer)})
    table = pd.DataFrame(found)
    print(f"{len(calls)} models, {len(table)} answers of peers\n")
    out = table.groupby(["call", "program", "reml"]).agg(
        answers=("above", "count"), singular=("singular", "sum"), converged=("converged", "sum"),
        highest=("above", "max"), lowest=("above", "min"), beta=("beta", "max"), se=("se", "max"),
    )  # fmt: skip
    print(out.to_string(float_format="{:.1e}".format))


if __name__ == "__main__":
    main()
