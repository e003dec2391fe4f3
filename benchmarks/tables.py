"""The Markdown tables of a run, made from its CSV files and nothing else."""

from __future__ import annotations

from benchmarks import giant_tables, results
from benchmarks.problems import problem
from benchmarks.results import Measurement, Point, Stage
from benchmarks.rivals.peers import PEERS

TASKS = {"fit": "", "refit": "refit: ", "replicate": "bootstrap replicate: "}
IN_WORDS = {
    "1": "sleepstudy, 180 rows, correlated slopes",
    "2a": "the same, another response from Python",
    "2b": "the same, a bootstrap replicate",
    "3": "InstEval, 73,421 rows, three crossed factors",
    "4a": "InstEval, four covariance parameters",
    "4b": "InstEval, 28 fixed effects",
    "5": "10^6 rows in 50,000 groups, correlated slopes",
    "6": "10^7 rows in 200,000 groups, correlated slopes",
    "7": "10^6 ratings, 40,000 users x 4,000 items",
    "8": "10^7 ratings, 70,000 users x 10,000 items",
    "9": "10^6 rows, pupils, classes, schools, with movers",
    "10": "60 subjects x 40 items, 20 covariance parameters",
    "11a": "cbpp, binomial, 56 rows of 15 herds",
    "11b": "the same, a bootstrap replicate",
    "12": "VerbAgg, 7,584 answers, 316 people x 24 items",
    "13": "grouseticks, counts, three factors",
    "14": "10^5 yes or no, 5,000 groups",
    "15": "10^5 yes or no, 5,000 x 200 crossed",
    "16": "10^6 counts, 10,000 different rows",
}
SHORT = {"GPBoost, iterative": "GPBoost iter.", "OLS": "OLS only"}


# ---------------------------------------------------------------- words
def in_words(seconds):
    """0.00123 -> "1.23 ms"."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds / 1e-9)} ns"


def digits(value):
    """Three significant digits, without an exponent."""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def two_digits(value):
    return f"{value:.2g}" if value < 100 else f"{float(f'{value:.2g}'):,.0f}"


def in_bytes(size):
    """Bytes as MiB or GiB."""
    if size is None:
        return ""
    return f"{digits(size / 2**30)} GiB" if size >= 2**30 else f"{digits(size / 2**20)} MiB"


def progress(row):
    """One line for the console."""
    what = f"{row.number:>3} {row.problem} {row.task} {row.program}: "
    if row.status != "ok":
        return f"{what}{row.status}, {row.reason}"
    return f"{what}{in_words(row.seconds)} ({row.repeats}x), {row.verdict or 'no verdict'}"


def what(row):
    """The workload in words."""
    rows = problem(row.problem)
    return TASKS[row.task] + f"`{rows.formula}`"


# ---------------------------------------------------------------- tables
def by_workload(measurements):
    """number -> its measurements, in the order of the file."""
    grouped = {}
    for row in measurements:
        grouped.setdefault(row.number, []).append(row)
    return grouped


def ratios(measurements):
    """Workloads down, programs across: how many times ranef's time each takes."""
    programs = [p.name for p in PEERS if p.home != "ours" and any(m.program == p.name for m in measurements)]
    head = ["#", "workload", "ranef", *(SHORT.get(name, name) for name in programs)]
    lines = ["| " + " | ".join(head) + " |", "|--:|---|--:|" + "--:|" * len(programs)]
    for number, rows in by_workload(measurements).items():
        found = {row.program: row for row in rows}
        ours = found["ranef"]
        cells = [ratio(found.get(name), ours) for name in programs]
        own = in_words(ours.seconds) if ours.status == "ok" else ours.status
        lines.append("| " + " | ".join([number, TASKS[ours.task] + ours.problem, own, *cells]) + " |")
    return "\n".join(lines)


def ratio(row, ours):
    """A cell: "31x", "> 120x" for what exceeded the cap, "**wrong** (31x)" ."""
    if row is None or row.status == "skipped" or ours.status != "ok":
        return "-" if row is None or not row.reason.startswith("did not finish") else "(too long)"
    if row.status == "over cap":
        return f"> {two_digits(cap_of(row) / ours.seconds)}x" if cap_of(row) else "-"
    if row.status == "failed":
        return "failed"
    times = two_digits(row.seconds / ours.seconds) + "x"
    return f"wrong ({times})" if row.verdict.startswith("wrong") else times


def summary(measurements):
    """The README's table: ranef, lme4, and the fastest other program that is right."""
    lines = ["| workload | ranef | peak memory | lme4 | fastest other |", "|---|--:|--:|--:|--:|"]
    for number, rows in by_workload(measurements).items():
        found = {row.program: row for row in rows}
        ours = found["ranef"]
        if ours.status != "ok":
            continue
        memory = in_bytes(ours.growth) if ours.task == "fit" else ""
        cells = [in_words(ours.seconds), memory, ratio(found.get("lme4"), ours), fastest(rows, ours)]
        lines.append("| " + " | ".join([f"{number}. {IN_WORDS[number]}", *cells]) + " |")
    return "\n".join(lines)


def fastest(rows, ours):
    """ "glmm, 1.9x" """
    others = [row for row in rows if row.program not in ("ranef", "lme4", "OLS")]
    right = [row for row in others if row.status == "ok" and not row.verdict.startswith("wrong")]
    if right:
        best = min(right, key=lambda row: row.seconds)
        return f"{best.program}, {two_digits(best.seconds / ours.seconds)}x"
    capped = [cap_of(row) for row in others if row.status == "over cap" and cap_of(row)]
    return f"none within {digits(max(capped))} s" if capped else "none"


def cap_of(row):
    """Seconds after which an attempt was ended, None when its data were never in memory."""
    return float(row.reason.split()[2]) if row.reason.startswith("more") else None


def details(measurements):
    """Every measurement of a workload, a table each."""
    parts = []
    for number, rows in by_workload(measurements).items():
        ours = next(row for row in rows if row.program == "ranef")
        head = f"**{number}. {ours.problem}**: {what(ours)}"
        if ours.input and ours.task == "fit":
            head += f"; the columns take {in_bytes(ours.input)}"
        lines = [
            "| program | time | from - to | runs | / ranef | peak memory | evaluations | others | answer |",
            "|---|--:|--:|--:|--:|--:|--:|--:|---|",
            *(detail(row, ours) for row in rows if not is_no_model(row)),
        ]
        left_out = [f"{row.program} ({row.reason})" for row in rows if is_no_model(row)]
        tail = [f"Left out: {'; '.join(left_out)}."] if left_out else []
        parts.append("\n\n".join([head, "\n".join(lines), *tail]))
    return "\n\n".join(parts)


def is_no_model(row):
    return row.status == "skipped"


def detail(row, ours):
    if row.status != "ok":
        return f"| {row.program} | {row.status}: {row.reason} | | | | | | | |"
    spread = f"{in_words(row.fastest)} to {in_words(row.slowest)}" if row.repeats > 1 else ""
    evaluations = "" if row.evaluations is None else str(row.evaluations)
    against = two_digits(row.seconds / ours.seconds) if ours.status == "ok" else ""
    memory = in_bytes(row.growth)
    times = [in_words(row.seconds), spread, str(row.repeats), against]
    others = "" if row.others is None else f"{100 * row.others:.0f} %"
    return "| " + " | ".join([row.program, *times, memory, evaluations, others, answer(row)]) + " |"


def answer(row):
    if row.program == "ranef" or not row.verdict:
        return f"criterion {row.criterion:.4f}" if row.criterion is not None else ""
    above = f" ({row.excess:+.1e})" if row.excess is not None and row.verdict == "right" else ""
    return row.verdict + above


def growth(points):
    """Time over sizes, and the factor from one to the next."""
    lines = ["| | rows | groups | end to end | factor | evaluations | one evaluation |"]
    lines.append("|---|--:|--:|--:|--:|--:|--:|")
    before = None
    for p in points:
        factor = f"{p.seconds / before.seconds:.2f}" if before and before.series == p.series else ""
        label = "twice the rows" if p.series == "rows" else "twice the groups"
        sizes = f"| {label} | {p.rows:,} | {p.groups:,} | {in_words(p.seconds)} | {factor} |"
        lines.append(f"{sizes} {p.evaluations} | {in_words(p.per_evaluation)} |")
        before = p
    return "\n".join(lines)


def profile(stages):
    """Stages with their floors, a table for each workload."""
    parts = []
    for number in dict.fromkeys(stage.number for stage in stages):
        own = [stage for stage in stages if stage.number == number]
        lines = ["| stage | time | floor | time / floor | Gflop | GB | floor is |"]
        lines.append("|---|--:|--:|--:|--:|--:|---|")
        for s in own:
            name = f"{s.stage} ({s.count} evaluations)" if s.count > 1 else s.stage
            floor = in_words(s.floor) if s.floor else ""
            over = f"{s.seconds / s.floor:.1f}" if s.floor else ""
            flop, size = (digits(x) if x else "" for x in (s.gflop, s.gbyte))
            lines.append(
                f"| {name} | {in_words(s.seconds)} | {floor} | {over} | {flop} | {size} | {s.floor_is} |"
            )
        parts.append(f"**{number}. {own[0].problem}**\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def all_conditions(records):
    """A paragraph for each run; of several, each says what it measured."""
    texts = [conditions(record) for record in records]
    if len(texts) > 1:
        parts = ["Measured " + ", ".join(record["measured"]) for record in records]
        texts = [f"{part}: {text}" for part, text in zip(parts, texts, strict=True)]
    return "\n\n".join(texts)


def conditions(record):
    """One paragraph: machine, versions, how it was measured."""
    blas = record["blas"]
    packages = record["packages"] | record["rivals"]
    versions = ", ".join(f"{name} {packages[name]}" for name in packages if name not in ("narwhals", "scipy"))
    memory = f", {in_bytes(record['memory'])} of memory" if record.get("memory") else ""
    cap = record.get("cap")
    ended = f" A first call longer than {cap:g} s was stopped (lme4: {5 * cap:g} s)." if cap else ""
    return (
        f"{record['when'][:10]}: {record['cores']} cores ({record['cpu']}){memory}, {record['system']}, "
        f"Python {record['python']}; BLAS of the core: {blas['internal_api']} {blas['version']}, kernels for "
        f"{blas['architecture']}. {versions}.{ended} Load when the run began: {record['load']:.1f}. "
        f"{record.get('note', '')}".rstrip()
    )


def settings():
    """The settings every program is given."""
    lines = [f"| {p.name} | {p.settings} |" for p in PEERS]
    return "\n".join(["| program | settings |", "|---|---|", *lines])


TABLES = {
    "conditions": lambda folder: all_conditions(results.read_machines(folder)),
    "summary": lambda folder: summary(results.read(folder, "workloads", Measurement)),
    "ratios": lambda folder: ratios(results.read(folder, "workloads", Measurement)),
    "details": lambda folder: details(results.read(folder, "workloads", Measurement)),
    "growth": lambda folder: growth(results.read(folder, "growth", Point)),
    "profile": lambda folder: profile(results.read(folder, "profile", Stage)),
    "settings": lambda folder: settings(),
    "giants_agree": giant_tables.agree,
    "giants_beside": giant_tables.beside,
    "giants_grow": giant_tables.grow,
}


def report(folder):
    """Everything a run measured, as one Markdown text."""
    names = {"ratios": "workloads", "growth": "growth", "profile": "profile"}
    wanted = [name for name in names if (folder / f"{names[name]}.csv").exists()]
    return "\n\n".join(TABLES[name](folder) for name in ["conditions", *wanted])
