"""Whether a program's answer is right: criterion, coefficients, standard errors and sigma against ours.

Ours is not taken on trust: `tests/` and the benchmarks hold it to lme4's tightest answer on every problem
lme4 can do. A criterion below ours would be our mistake and is shown as such.
"""

from __future__ import annotations

import math

CRITERION = 1e-2  # in units of the criterion: far below what matters, far above a loose stopping rule
RELATIVE = 1e-2  # coefficients in standard errors; standard errors and sigma relative


def excess(answer, ours):
    """The criterion above ours, or None where the program gives none."""
    if answer.get("criterion") is None:
        return None
    return answer["criterion"] - ours["criterion"]


def verdict(answer, ours):
    """ "right", or "wrong: " and what is.

    Parameters
    ----------
    answer, ours : dict
        criterion, beta, se, sigma of the same problem by the same method (REML or ML).
    """
    wrong = [*wrong_criterion(answer, ours), *wrong_estimates(answer, ours)]
    return "wrong: " + "; ".join(wrong) if wrong else "right"


def wrong_criterion(answer, ours):
    above = excess(answer, ours)
    rounding = 1e-9 * abs(ours["criterion"])
    if above is None:
        return []
    if not math.isfinite(above):
        return ["no criterion"]
    if above > CRITERION + rounding:
        return [f"criterion {above:.3g} above ours"]
    if above < -1e-6 - rounding:
        return [f"criterion {-above:.3g} below ours"]
    return []


def wrong_estimates(answer, ours):
    if len(answer["beta"]) != len(ours["beta"]):
        return [f"{len(answer['beta'])} coefficients, not {len(ours['beta'])}"]
    scale = [] if ours["sigma"] is None else [answer["sigma"]]  # a generalised model may have none
    numbers = [*answer["beta"], *answer["se"], *scale]
    if any(number is None or not math.isfinite(number) for number in numbers):
        return ["estimates that are no numbers"]
    triples = list(zip(answer["beta"], ours["beta"], ours["se"], strict=True))
    beta = max(abs(a - b) / se for a, b, se in triples)
    se = max(abs(a / b - 1) for a, b in zip(answer["se"], ours["se"], strict=True))
    sigma = abs(answer["sigma"] / ours["sigma"] - 1) if scale else 0.0
    out = []
    if beta > RELATIVE:
        out.append(f"coefficients off by {beta:.2g} standard errors")
    if se > RELATIVE:
        out.append(f"standard errors off by {100 * se:.2g} %")
    if sigma > RELATIVE:
        out.append(f"sigma off by {100 * sigma:.2g} %")
    return out
