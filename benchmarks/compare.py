"""Every program on every workload, one process each, and whether the answers agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks import quiet
from benchmarks.problems import problem, workloads
from benchmarks.results import Measurement
from benchmarks.rivals import environment
from benchmarks.rivals.peers import PEERS, peer
from benchmarks.rivals.run import run
from benchmarks.rivals.verdict import excess, verdict

# Who exceeds the cap on the first is not tried on the second, which is several times the work.
SMALLER = {"one_factor_10m": "one_factor", "crossed_ratings_10m": "crossed_ratings"}
OURS_CAP = 1800.0
# What counts as a disturbed measurement, and how often a short one is taken again.
DISTURBED, ATTEMPTS, SHORT = 0.1, 3, 30.0


class Comparison:
    """A run in progress: caps, scratch folder, what could not be installed, what was seen so far."""

    def __init__(
        self,
        scratch: Path,
        cap: float,
        budget: float,
        programs=None,
        only=None,
        everything=False,
        patience=0.0,
    ):
        self.scratch, self.cap, self.budget = scratch, cap, budget
        self.peers = [p for p in PEERS if programs is None or p.name in programs or p.home == "ours"]
        self.only, self.everything, self.patience = only, everything, patience
        self.failed = environment.install() if any(p.home == "pypi" for p in self.peers) else {}
        self.r = environment.r_packages()
        self.over: set[tuple[str, str]] = set()

    def tasks(self):
        """(problem, task, number) in the order of the table."""
        listed = []
        for p in workloads():
            listed.append((p, "fit", p.number))
            listed += [(p, task, number) for task, number in p.further]
        return [item for item in listed if self.wanted(item)]

    def wanted(self, item):
        p, _, number = item
        return number in self.only if self.only else self.everything or not p.huge

    def measurements(self):
        """One at a time, as it is measured."""
        for p, task, number in self.tasks():
            answers = {}
            for who in self.peers:
                yield self.quietest(who, p, task, number, answers)

    def quietest(self, who, p, task, number, answers):
        """A measurement; with patience, taken again while others disturb it, and the quietest one kept."""
        best = None
        for _ in range(ATTEMPTS if self.patience else 1):
            if self.patience and not self.not_tried(who, p, task):
                quiet.wait(self.patience)
            watch = quiet.Watch()
            row = self.one(who, p, task, number, answers)
            if row.status == "skipped":
                return row
            row = replace(row, others=watch.others())
            best = row if best is None or (row.others or 0.0) < (best.others or 0.0) else best
            if row.status != "ok" or (row.others or 0.0) < DISTURBED or row.first > SHORT:
                break
        return best

    def one(self, who, p, task, number, answers):
        place = {"number": number, "problem": p.name, "task": task, "program": who.name}
        why = self.not_tried(who, p, task)
        if why:
            return Measurement(**place, status="skipped", reason=why)
        cap = OURS_CAP if who.home == "ours" else self.cap * who.patience
        outcome = run(who, p, task, cap, self.budget, self.scratch)
        if outcome.status != "ok":
            self.over.add((who.name, p.name))
            return Measurement(**place, status=outcome.status, reason=outcome.reason)
        result = outcome.result
        answer = result.get("answer")
        if who.home == "ours":
            answers["REML"] = answer
        kept = ("seconds", "fastest", "slowest", "first", "repeats", "growth", "input")
        judged = self.judged(who, p, answer, answers) if answer else {}
        return Measurement(**place, status="ok", **{key: result[key] for key in kept}, **judged)

    def judged(self, who, p, answer, answers):
        """The columns about the answer."""
        if who.method == "ML" and "ML" not in answers:
            answers["ML"] = run(peer("ranef"), p, "ml", OURS_CAP, 0.0, self.scratch).result["answer"]
        ours = answers[who.method]
        shown = {key: answer.get(key) for key in ("criterion", "evaluations")}
        if who.name == "OLS":
            return shown | {"verdict": "another model"}
        return shown | {"excess": excess(answer, ours), "verdict": verdict(answer, ours)}

    def not_tried(self, who, p, task):
        """Why a program is left out here, or None."""
        if who.home == "pypi" and self.failed.get(who.requirement):
            return f"could not be installed: {self.failed[who.requirement]}"[:160]
        if who.home == "R" and who.requirement not in self.r:
            return "not installed in R"
        smaller = SMALLER.get(p.name)
        if (who.name, smaller) in self.over:
            return f"did not finish workload {problem(smaller).number}"
        return who.cannot(p, task)
