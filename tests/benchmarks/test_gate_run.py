"""The gate's exit status, with workers replaced by given timings."""

import pytest

from benchmarks.gate import __main__ as gate
from benchmarks.gate import builds

NAMES = ("lmer sleepstudy", "lmer maximal")


class Options:
    base, head, relative, rounds, timings, cases = "base", "head", 0.15, 2, 1, None


@pytest.fixture
def timings(monkeypatch):
    """timings(base, head): what each turn of a worker returns, the last one again and again."""

    def install(base, head):
        given = {"base": list(base), "head": list(head)}

        def run(site, count, names):
            left = given[site]
            found = left.pop(0) if len(left) > 1 else left[0]
            return {name: found[name] for name in (names or found)}

        monkeypatch.setattr(gate, "run", run)
        monkeypatch.setattr(builds, "build", lambda ref: ref)
        monkeypatch.setattr(gate, "pinned", lambda: None)

    return install


def seconds(a, b):
    return {NAMES[0]: [a], NAMES[1]: [b]}


def test_no_change_passes(timings):
    timings([seconds(1e-3, 0.1)], [seconds(1e-3, 0.1)])
    assert gate.gate(Options) == 0


def test_slower_fails(timings, capsys):
    timings([seconds(1e-3, 0.1)], [seconds(1e-3, 0.2)])
    assert gate.gate(Options) == 1
    printed = capsys.readouterr().out
    assert "timing again: lmer maximal" in printed
    assert "SLOWER" in printed


def test_noise_that_goes_away_is_forgiven(timings):
    timings([seconds(1e-3, 0.1)], [seconds(1e-3, 0.2), seconds(1e-3, 0.2), seconds(1e-3, 0.1)])
    assert gate.gate(Options) == 0


def test_unknown_commit_is_named(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["gate", "no-such-branch"])
    assert gate.main() == 2
    assert "no commit 'no-such-branch'" in capsys.readouterr().err
