"""Writes benchmarks/expected.json: lme4's answers with tight tolerances, which the benchmarks assert.

python -m benchmarks.rivals.expect [name ...]      # minutes for the slow ones
"""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.problems import EXPECTED, PROBLEMS, problem
from benchmarks.rivals import lme4


def main(names):
    found = json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.exists() else {}
    for name in names or [p.name for p in PROBLEMS]:
        with tempfile.TemporaryDirectory() as folder:
            answer = lme4.run(problem(name), "expect", Path(folder))
        found[name] = {key: answer[key] for key in ("criterion", "theta", "evaluations")}
        print(name, answer, flush=True)
        EXPECTED.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
