"""Time of the Monte Carlo engine's workloads: wall and processor seconds, best of three, warm kernel cache.

python -m benchmarks.studies.engine > benchmarks/studies/engine.txt
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import ranef

from benchmarks.problems import problem

SMALL = [("sleepstudy", 10_000), ("sleepstudy_irregular", 10_000), ("penicillin", 10_000), ("pastes", 10_000)]


def show(label: str, work: Callable[[], Any], times: int = 3) -> Any:
    """Print the best of some times."""
    found, wall, cpu = None, [], []
    for _ in range(times):
        begin, used = time.perf_counter(), time.process_time()
        found = work()
        wall.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - used)
    print(f"{label:58} wall {min(wall):7.3f} s   cpu {min(cpu):7.3f} s", flush=True)
    return found


def rows_in_groups(rows: int) -> ranef.Fit:
    """A slope model of 2,000 groups."""
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(2000), rows // 2000)
    x = np.tile(np.linspace(0, 1, rows // 2000), 2000)
    y = rng.normal(size=2000)[g] + 0.5 * rng.normal(size=2000)[g] * x + rng.normal(size=rows) + x
    return ranef.lmer("y ~ x + (x | g)", {"y": y, "x": x, "g": g})


def main() -> None:
    """Run everything."""
    for name, n in SMALL:
        p = problem(name)
        fit = ranef.lmer(p.formula, p.frame())
        fit.bootstrap(10, seed=0, progress=False)
        result = show(f"{name}, {n:,} refits", lambda: fit.bootstrap(n, seed=1, progress=False))  # noqa: B023
        assert result.n_failed == 0
    for rows in (20_000, 2_000_000):
        large = rows_in_groups(rows)
        label = f"2,000 groups, {rows:,} rows, 1,000 refits"
        show(label, lambda: large.bootstrap(1000, seed=1, progress=False))  # noqa: B023
    data = ranef.datasets.load("sleepstudy")
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", data)
    ranef.power(fit, "Days", 3.0, 10, seed=1, progress=False)
    effects = np.linspace(0, 9, 10)
    curve = show(
        "power curve, 10 points x 1,000 studies, Satterthwaite",
        lambda: ranef.power_curve(fit, "Days", effects=effects, n=1000, seed=1, progress=False),
    )
    assert abs(curve["power"].iloc[0] - 0.05) < 0.03
    responses = fit.simulate(10_000, seed=1).T
    fit.model.fit(responses[:, :10])
    show("10,000 responses of sleepstudy's design", lambda: fit.model.fit(responses))
    small = ranef.lmer("Reaction ~ 1 + (Days | Subject)", data)
    show(
        "bootstrap likelihood ratio, 1,000 replicates",
        lambda: ranef.pbtest(small, fit, 1000, 1, progress=False),
    )
    for scheme in ("residual", "wild", "semiparametric", "cases"):
        show(
            f"{scheme}, 1,000 refits",
            lambda: fit.bootstrap(1000, seed=1, scheme=scheme, progress=False),  # noqa: B023
        )


if __name__ == "__main__":
    main()
