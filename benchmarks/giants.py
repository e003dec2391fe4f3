"""Crossed factors of very many levels: what a fit by iterations takes, how near the exact fit it is.

    python -m benchmarks.giants 1e5 1e6               # rows; beside the exact kind up to a million
    python -m benchmarks.giants 1e5 gpboost           # beside GPBoost's iterative method
    python -m benchmarks.giants 3.2e7             # 200,000 users x 84,000 items, minutes to simulate

Prints seconds of the clock and of CPU from columns in memory to estimates, peak memory over the columns,
estimates with standard and Monte Carlo errors. CPU seconds over the cores are the clock of a quiet machine.
"""

import resource
import sys
import time

import numpy as np
import ranef

FORMULA = "rating ~ x + (1 | user) + (1 | item)"
SIZES = {
    100_000: (5_000, 1_000),
    1_000_000: (40_000, 4_000),
    10_000_000: (70_000, 10_000),
    32_000_000: (200_000, 84_000),
}


def ratings(rows, users, items, seed=0):
    """Pairs that occur once: users log-normally active, items met with probability 1 / (rank + 20)."""
    rng = np.random.default_rng(seed)
    activity, popularity = rng.lognormal(0, 1.2, users), 1 / (np.arange(items) + 20.0)
    drawn = int(rows * 1.35)
    user = rng.choice(users, drawn, p=activity / activity.sum()).astype(np.int32)
    item = rng.choice(items, drawn, p=popularity / popularity.sum()).astype(np.int32)
    pairs = np.unique(user.astype(np.int64) * items + item)
    rng.shuffle(pairs)
    user, item = (part.astype(np.int32) for part in np.divmod(pairs[:rows], items))
    x, noise = rng.standard_normal((2, len(user)))
    of_user, of_item = 0.45 * rng.standard_normal(users), 0.5 * rng.standard_normal(items)
    rating = 3.5 + 0.2 * x + of_user[user] + of_item[item] + 0.9 * noise
    return {"user": user, "item": item, "x": x, "rating": rating}


def measured(call, *args, **options):
    """(answer, seconds of the clock, of CPU, peak memory in GB more than before)."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock, cpu = time.perf_counter(), time.process_time()
    answer = call(*args, **options)
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    return answer, clock, cpu, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e6


def by_gpboost(data):
    """GPBoost's Krylov methods: sd of users and items over sigma, and their likelihood."""
    import gpboost

    model = gpboost.GPModel(
        likelihood="gaussian",
        group_data=np.column_stack([data["user"], data["item"]]),
        matrix_inversion_method="iterative",
    )
    model.fit(y=data["rating"], X=np.column_stack([np.ones(len(data["x"])), data["x"]]))
    variances = np.asarray(model.get_cov_pars(std_err=False)).ravel()
    return np.sqrt(variances[1:] / variances[0]), model.get_coef()


def main():
    """Fit each size, and say what it took."""
    for word in sys.argv[1:]:
        if word == "gpboost":
            continue
        rows = int(float(word))
        data = ratings(rows, *SIZES[rows])
        fit, clock, cpu, memory = measured(ranef.lmer, FORMULA, data, schur="iterative")
        levels = " x ".join(f"{count:,}" for count in fit.ngroups.values())
        print(
            f"{fit.nobs:,} rows, {levels}: {clock:.1f} s, {cpu:.1f} s CPU, {memory:.2f} GB over the columns"
        )
        print(fit.optimum)
        print(fit.component_table())
        if rows <= 1_000_000:
            exact, clock, cpu, memory = measured(ranef.lmer, FORMULA, data, schur="dense")
            off = fit.component_table()["estimate"] - exact.component_table()["estimate"]
            print(
                f"exact: {clock:.1f} s, {cpu:.1f} s CPU, {memory:.2f} GB; differences in Monte Carlo errors:"
            )
            print((off / fit.component_table()["mc_error"]).round(2).to_dict())
        if "gpboost" in sys.argv:
            (theta, beta), clock, cpu, _ = measured(by_gpboost, data)
            print(f"GPBoost: {clock:.1f} s, {cpu:.1f} s CPU, theta {theta.round(5)}, {beta.to_dict()}")


if __name__ == "__main__":
    main()
