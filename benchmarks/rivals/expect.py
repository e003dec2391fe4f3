"""Writes benchmarks/expected.json: lme4's answers with tight tolerances, which the benchmarks assert.

python -m benchmarks.rivals.expect [name ...]      # minutes for the slow ones; not for the huge ones
"""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.problems import EXPECTED, PROBLEMS, problem
from benchmarks.rivals.peers import peer
from benchmarks.rivals.run import run

CAP = 3600.0


def main(names):
    found = json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.exists() else {}
    for name in names or [p.name for p in PROBLEMS if not p.huge]:
        with tempfile.TemporaryDirectory() as folder:
            outcome = run(peer("lme4"), problem(name), "expect", CAP, 0.0, Path(folder))
        if outcome.status != "ok":
            raise RuntimeError(f"lme4 on {name}: {outcome.status}, {outcome.reason}")
        answer = outcome.result["answer"]
        found[name] = {key: answer[key] for key in ("criterion", "theta", "evaluations")}
        print(name, found[name], flush=True)
        EXPECTED.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
