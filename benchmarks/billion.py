"""Rows without end: a crossed model fitted to rows that are generated as they are read, and never stored.

    python -m benchmarks.billion 200          # millions of rows

Prints rows, seconds of CPU and of the clock with and without the generator, peak memory, and the estimates
beside the values the rows were generated with.
"""

import resource
import sys
import time

import numpy as np
import ranef

BATCH = 1_000_000
LEVELS = (20_000, 100)
BETA, SLOPES = (1.0, 0.5, -0.25), (1.0, 0.3)
FORMULA = "y ~ x + z + (x | g) + (1 | h)"


def generated(count, spent):
    """Batches of rows; adds the CPU seconds of their making to `spent`."""
    fixed = np.random.default_rng(1)
    of_g = fixed.standard_normal((LEVELS[0], 2)) * SLOPES
    of_h = 0.7 * fixed.standard_normal(LEVELS[1])
    for number in range(count):
        start = time.process_time()
        rng = np.random.default_rng(number)
        g, h = (rng.integers(0, levels, BATCH, dtype=np.int32) for levels in LEVELS)
        x, z, noise = (rng.standard_normal(BATCH, dtype=np.float32).astype(float) for _ in range(3))
        y = BETA[0] + BETA[1] * x + BETA[2] * z + of_g[g, 0] + of_g[g, 1] * x + of_h[h] + noise
        spent[0] += time.process_time() - start
        yield {"y": y, "x": x, "z": z, "g": g, "h": h}


def main():
    """Fit, and say what it took."""
    millions = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    spent = [0.0]
    clock, cpu = time.perf_counter(), time.process_time()
    model = ranef.Model(FORMULA, ranef.batches(lambda: generated(millions, spent)))
    read_clock, read_cpu = time.perf_counter() - clock, time.process_time() - cpu
    fit = model.fit()
    fit_cpu = time.process_time() - cpu - read_cpu
    rows = fit.nobs
    own = read_cpu - spent[0]
    print(f"{rows:,} rows, {LEVELS[0]:,} x {LEVELS[1]:,} levels: {read_clock:.0f} s, {read_cpu:.0f} s CPU,")
    each = 1e9 * own / rows
    print(f"  the generator {spent[0]:.0f} s, ranef {each:.0f} ns a row: {1e3 / each:.1f} million/s")
    print(f"fit {fit_cpu:.1f} s CPU, peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    print(fit.params.round(4).to_dict(), "generated with", BETA)
    print(f"sigma {fit.sigma:.5f} (1); {fit.varcorr}")


if __name__ == "__main__":
    main()
