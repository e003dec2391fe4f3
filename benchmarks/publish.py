"""Make the tables of the docs from a run: `python -m benchmarks.publish [--check]`.

Copies build/bench into benchmarks/results, draws the pictures into docs/images, and writes every table
between its two marks, `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`, in README.md and docs/. Without a run
in build/bench the committed results are used again. With --check, only says whether the tables are theirs.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from benchmarks import results
from benchmarks.tables import TABLES

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/benchmarks.md", "docs/performance.md")
FILES = ("workloads.csv", "growth.csv", "profile.csv", "machine.json")
MARK = re.compile(r"(<!-- bench:(\w+) -->\n).*?(<!-- /bench:\2 -->)", re.DOTALL)


def filled(text, folder):
    """A page with every marked table made anew."""
    return MARK.sub(lambda m: f"{m[1]}\n{TABLES[m[2]](folder)}\n\n{m[3]}", text)


def stale(folder=results.PUBLISHED):
    """The pages whose tables are not those of the results."""
    texts = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
    return [page for page, text in texts.items() if filled(text, folder) != text]


def publish(source, target=results.PUBLISHED):
    """Copy a run and write its tables and pictures."""
    from benchmarks import pictures

    target.mkdir(exist_ok=True)
    for name in FILES:
        if (source / name).exists() and source != target:
            shutil.copy(source / name, target / name)
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
    publish(results.LATEST if (results.LATEST / "workloads.csv").exists() else results.PUBLISHED)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
