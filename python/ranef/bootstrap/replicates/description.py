"""A bootstrap result in words."""

from __future__ import annotations

from ...frame.native import in_pandas
from ...show import Document, Line, frame_table, render
from .result import BootstrapResult

_SCHEMES = {
    "parametric": "Parametric bootstrap",
    "semiparametric": "Semiparametric bootstrap",
    "residual": "Residual bootstrap",
    "wild": "Wild bootstrap",
    "cases": "Case bootstrap",
    "responses": "Fits",
}
_MOST_MESSAGES = 3
INTERVALS = "95 % percentile intervals"


def describe(result: BootstrapResult) -> str:
    """How it went, and 95 % percentile intervals."""
    return render(document(result), "text")


def document(result: BootstrapResult) -> Document:
    """Return the report in parts, which text, HTML and Markdown are made of."""
    intervals = in_pandas(result.conf_int)()
    intervals = intervals.drop(index=[name for name in result.names.theta if name in intervals.index])
    table = [frame_table(intervals, INTERVALS, digits=5)] if len(intervals) else []
    how = [_effort(result), _counts(result), *_messages(result)]
    return [Line(_title(result), "title"), *map(Line, how), *table]


def _title(result: BootstrapResult) -> str:
    conditional = ", random effects kept at their conditional modes" if result.use_u else ""
    return f"{_SCHEMES[result.scheme]} of {result.formula}{conditional}"


def _effort(result: BootstrapResult) -> str:
    done = f"{len(result):,}"
    if result.interrupted:
        done += f" of {result.requested:,} (interrupted)"
    rate = len(result) / result.seconds if result.seconds > 0 else float("inf")
    threads = "1 thread" if result.n_threads == 1 else f"{result.n_threads} threads"
    return f"  {done} replicates in {result.seconds:.3g} s on {threads} ({rate:,.0f} refits a second)"


def _counts(result: BootstrapResult) -> str:
    counts = [
        f"singular {result.n_singular:,}",
        f"not converged {result.n_unconverged:,}",
        f"failed {result.n_failed:,}",
    ]
    if result.statistic_failed.any():
        counts.append(f"without the statistic {int(result.statistic_failed.sum()):,}")
    return f"  {', '.join(counts)}; seed {result.seed}"


def _messages(result: BootstrapResult) -> list[str]:
    shown = sorted(result.messages)[:_MOST_MESSAGES]
    lines = [f"  replicate {number}: {result.messages[number]}" for number in shown]
    left = len(result.messages) - len(shown)
    return [*lines, f"  and {left:,} more"] if left else lines
