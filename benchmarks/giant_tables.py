"""The tables and the picture of fits by iterations, from the files that benchmarks/giants.py writes."""

from __future__ import annotations

from benchmarks import results
from benchmarks.results import Agreement, Beside, Giant

FILES = ("giants_agree", "giants_beside", "giants_grow")
IN_WORDS = {
    "insteval_3": "InstEval",
    "crossed_ratings": "workload 7",
    "crossed_ratings_10m": "workload 8",
}
SERIES = {"rows": "twice the rows", "levels": "twice the levels", "both": "twice both"}


def agree(folder):
    """Fits by iterations beside the exact ones."""
    heads = (
        *("data", "rows", "levels", "probes", "largest difference, in Monte Carlo errors"),
        *("largest Monte Carlo error, in standard errors", "standard errors of variances"),
        *("of coefficients", "modes", "CPU", "CPU, exact"),
    )
    lines = [row_of(heads), "|---|--:|---|" + "--:|" * 8]
    for a in results.read(folder, "giants_agree", Agreement):
        of_variances = "-" if a.component_se is None else short(a.component_se)
        sizes = (IN_WORDS[a.problem], f"{a.rows:,}", a.levels, a.probes, f"{a.off:.2f}", f"{a.chance:.2%}")
        exact = (of_variances, short(a.se), short(a.modes), seconds(a.seconds), seconds(a.exact_seconds))
        lines.append(row_of((*sizes, *exact)))
    return "\n".join(lines)


def beside(folder):
    """Programs on the same ratings."""
    heads = ("rows", "program", "sd, users", "sd, items", "residual sd", "slope", "its se", "CPU", "memory")
    lines = [row_of(heads), "|--:|---|" + "--:|" * 7]
    for b in results.read(folder, "giants_beside", Beside):
        found = (f"{value:.5f}" for value in (b.user, b.item, b.sigma, b.slope))
        took = (f"{b.slope_se:.7f}", seconds(b.seconds), f"{b.memory / 1e9:.2f} GB")
        lines.append(row_of((f"{b.rows:,}", b.program, *found, *took)))
    return "\n".join(lines)


def grow(folder):
    """CPU seconds over sizes, and the factor from one to the next."""
    heads = ("", "rows", "levels", "CPU", "factor", "evaluations", "iterations", "memory over the columns")
    lines, before = [row_of(heads), "|---|--:|--:|--:|--:|--:|--:|--:|"], None
    for g in results.read(folder, "giants_grow", Giant):
        factor = f"{g.seconds / before.seconds:.2f}" if before and before.series == g.series else ""
        sizes = (SERIES[g.series], f"{g.rows:,}", f"{g.leading:,} x {g.rest:,}", f"{g.seconds:.2f} s", factor)
        lines.append(row_of((*sizes, g.evaluations, g.iterations, f"{g.memory / 1e9:.2f} GB")))
        before = g
    return "\n".join(lines)


def picture(points):
    """CPU seconds over rows, levels and both."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

    series = [name for name in SERIES if any(p.series == name for p in points)]
    figure, panels = plt.subplots(1, len(series), figsize=(4 * len(series), 3.4), layout="constrained")
    for axes, name in zip([panels] if len(series) == 1 else panels, series, strict=True):
        own = [p for p in points if p.series == name]
        x = [p.leading + p.rest if name == "levels" else p.rows for p in own]
        axes.loglog(x, [p.seconds for p in own], "o-", label="CPU, end to end")
        axes.loglog(x, [own[0].seconds * v / x[0] for v in x], ":", color="grey", label="proportional")
        axes.set(xlabel="levels" if name == "levels" else "rows", title=SERIES[name], ylabel="seconds")
        axes.set_xticks([x[0], x[len(x) // 2], x[-1]], [f"{v:,}" for v in (x[0], x[len(x) // 2], x[-1])])
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    return figure


def row_of(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def seconds(value):
    return f"{value:.0f} s" if value >= 100 else f"{value:.2g} s"


def short(value):
    return f"{value:.0e}".replace("e-0", "e-")
