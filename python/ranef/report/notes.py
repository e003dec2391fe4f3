"""What a reader must know besides the numbers: rows and columns dropped, the certificate when it matters."""

from __future__ import annotations

from ..errors import quote_list
from ..fit import Fit


def notes(fit: Fit) -> list[str]:
    """Return one line per remark; none for an ordinary fit."""
    lines = []
    design = fit.model.design
    if design.n_dropped:
        counts = ", ".join(f"{name} {count}" for name, count in design.missing.items())
        rows = "row was" if design.n_dropped == 1 else "rows were"
        lines.append(f"{design.n_dropped} {rows} dropped for missing values ({counts})")
    kept = set(fit.model.cross.kept.tolist())
    dropped = [name for i, name in enumerate(design.column_names) if i not in kept]
    if dropped:
        what = "column was" if len(dropped) == 1 else "columns were"
        lines.append(
            f"{len(dropped)} {what} dropped, being linearly dependent on others: {quote_list(dropped)}"
        )
    if fit.singular or not fit.converged:
        lines.append(fit.optimum.message)
    return lines
