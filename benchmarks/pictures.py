"""The pictures of a run: ratios to the other programs, and growth with rows and groups."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from benchmarks import giant_tables, results
from benchmarks.results import Giant, Measurement, Point
from benchmarks.rivals.peers import PEERS
from benchmarks.tables import by_workload, in_words

COLOURS = dict(zip([p.name for p in PEERS], plt.get_cmap("tab10").colors, strict=False))


def draw(folder, target):
    """Write speed.png and growth.png into target, from what folder has."""
    measurements = results.read(folder, "workloads", Measurement)
    points = results.read(folder, "growth", Point)
    if measurements:
        save(speed(measurements), target / "speed.png")
    if points:
        save(growth(points), target / "growth.png")
    giants = results.read(folder, "giants_grow", Giant)
    if giants:
        save(giant_tables.picture(giants), target / "growth_iterations.png")


def save(figure, path):
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)


def speed(measurements):
    """Seconds of every program on every workload; open marks for wrong answers, arrows for caps."""
    grouped = by_workload(measurements)
    figure, axes = plt.subplots(figsize=(9, 0.55 * len(grouped) + 1.4), layout="constrained")
    seen = set()
    for place, rows in enumerate(grouped.values()):
        for row in rows:
            mark(axes, row, place, seen)
    labels = [f"{number}  {label(rows[0])}" for number, rows in grouped.items()]
    axes.set(xscale="log", xlabel="seconds", yticks=range(len(labels)), yticklabels=labels)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    title = "from a data frame to standard errors (open: wrong answer; arrow: ended at the cap)"
    axes.set_title(title, fontsize=9)
    return figure


def label(row):
    return row.problem if row.task == "fit" else f"{row.problem}, {row.task}"


def mark(axes, row, place, seen):
    name = row.program if row.program not in seen else None
    colour, kind = COLOURS[row.program], "D" if row.program == "ranef" else "o"
    if row.status == "ok":
        wrong = row.verdict.startswith("wrong")
        axes.plot(row.seconds, place, kind, color=colour, mfc="none" if wrong else colour, label=name)
    elif row.status == "over cap" and row.reason.startswith("more"):
        axes.plot(float(row.reason.split()[2]), place, ">", color=colour, mfc="none", label=name)
    else:
        return
    seen.add(row.program)


def growth(points):
    """Time over rows and over groups, and time per evaluation."""
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axes, series in zip(panels, ("rows", "groups"), strict=True):
        own = [p for p in points if p.series == series]
        if not own:
            continue
        x = [getattr(p, series) for p in own]
        axes.loglog(x, [p.seconds for p in own], "o-", label="end to end")
        axes.loglog(x, [p.per_evaluation for p in own], "s-", label="one evaluation")
        axes.loglog(
            x, [own[0].seconds * value / x[0] for value in x], ":", color="grey", label="proportional"
        )
        fixed = (
            f"{own[0].groups:,} groups"
            if series == "rows"
            else f"{own[0].rows // own[0].groups} rows a group"
        )
        axes.set(xlabel=f"{series} ({fixed})", ylabel="seconds", title=f"twice the {series}")
        last = {"textcoords": "offset points", "xytext": (-6, 6), "ha": "right"}
        axes.annotate(in_words(own[-1].seconds), (x[-1], own[-1].seconds), **last)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    return figure
