"""Make the tables of the docs from a run: `python -m benchmarks.publish [--check]`.

Puts build/bench into benchmarks/results, draws the pictures into docs/images, and writes every table
between its two marks, `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`, in README.md and docs/. A run of
some workloads replaces those and leaves the others; machine.json says which run measured what. Without a
run in build/bench the committed results are used again. With --check, says whether the tables are theirs.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from benchmarks import giant_tables, results
from benchmarks.results import Measurement
from benchmarks.tables import IN_WORDS, TABLES

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/benchmarks.md", "docs/performance.md", "docs/howto/iterations.md")
MARK = re.compile(r"(<!-- bench:(\w+) -->\n).*?(<!-- /bench:\2 -->)", re.DOTALL)


def filled(text, folder):
    """A page with every marked table made anew."""
    return MARK.sub(lambda m: f"{m[1]}\n{TABLES[m[2]](folder)}\n\n{m[3]}", text)


def stale(folder=results.PUBLISHED):
    """The pages whose tables are not those of the results."""
    texts = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
    return [page for page, text in texts.items() if filled(text, folder) != text]


def put(run, target):
    """A run's measurements in place of the published ones of the same workloads, and its machine's record."""
    target.mkdir(exist_ok=True)
    new, old = (results.read(folder, "workloads", Measurement) for folder in (run, target))
    measured = list(dict.fromkeys(row.number for row in new))
    if new:
        kept = [row for row in old if row.number not in measured]
        order = list(IN_WORDS)
        results.write(target, "workloads", sorted(kept + new, key=lambda row: order.index(row.number)))
    for name in ("growth", "profile"):
        if (run / f"{name}.csv").exists():
            shutil.copy(run / f"{name}.csv", target / f"{name}.csv")
            measured.append(name)
    for name in giant_tables.FILES:
        if (run / f"{name}.csv").exists():
            shutil.copy(run / f"{name}.csv", target / f"{name}.csv")
    earlier = [
        record | {"measured": [what for what in record["measured"] if what not in measured]}
        for record in results.read_machines(target)
    ]
    records = [record for record in earlier if record["measured"]]
    records += [record | {"measured": measured} for record in results.read_machines(run)]
    results.write_machine(target, records)


def publish(source, target=results.PUBLISHED):
    """Take over a run and write its tables and pictures."""
    from benchmarks import pictures

    if source != target:
        put(source, target)
    for page in PAGES:
        path = ROOT / page
        path.write_text(filled(path.read_text(encoding="utf-8"), target), encoding="utf-8")
    (ROOT / "docs" / "images").mkdir(exist_ok=True)
    pictures.draw(target, ROOT / "docs" / "images")


def main(arguments):
    if "--check" in arguments:
        pages = stale()
        print("\n".join(f"{page}: not the tables of benchmarks/results" for page in pages) or "up to date")
        return 1 if pages else 0
    publish(results.LATEST if list(results.LATEST.glob("*.csv")) else results.PUBLISHED)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
