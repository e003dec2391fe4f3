"""Replicates as labelled tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .result import BootstrapResult


def parameter_frame(result: BootstrapResult) -> pd.DataFrame:
    """What replicates estimate, one row each: parameters by name, then the statistic."""
    names, places = result.names, result.places
    columns: list[str] = []
    blocks: list[np.ndarray] = []
    if "coefficients" in places:
        columns += names.coefficients
        blocks.append(names.spread(result.part("coefficients")))
    for part, labels in (("sigma", names.scale), ("theta", names.theta)):
        if part in places:
            columns += labels
            blocks.append(result.part(part)[:, : len(labels)])
    if "sigma" in places and "theta" in places:
        sigma, theta = result.part("sigma")[:, 0], result.part("theta")
        columns += [*names.sd, *names.corr]
        blocks.append(names.components(sigma, theta))
    if "statistic" in places:
        columns += result.statistic_names
        blocks.append(result.part("statistic"))
    index = pd.RangeIndex(result.first, result.first + len(result), name="replicate")
    return pd.DataFrame(np.hstack([*blocks, np.empty((len(result), 0))]), index, columns)


def to_frame(result: BootstrapResult) -> pd.DataFrame:
    """One row per replicate.

    Returns
    -------
    pandas.DataFrame
        Columns: the coefficients by name (NaN where dropped from the model), ``sigma`` of a model that has
        one, ``theta1``, ...,
        ``sd[group.column]`` and ``corr[group.column.column]``, ``se[coefficient]``, the statistic,
        ``objective``, ``evaluations``, ``singular``, ``converged``, ``failed``; without what `columns`
        left out; with a dot before the name where a predictor bears it. Conditional modes are in `modes`.
    """
    table, free = parameter_frame(result), result.names.free
    statistic = list(result.statistic_names) if "statistic" in result.places else []
    columns = {name: table[name] for name in table.columns if name not in statistic}
    if "se" in result.places:
        columns |= dict(zip(result.names.errors, result.names.spread(result.part("se")).T, strict=True))
    columns |= {name: table[name] for name in statistic}
    if "objective" in result.places:
        columns[free("objective")] = result.part("objective")[:, 0]
    if "evaluations" in result.places:
        columns[free("evaluations")] = np.nan_to_num(result.part("evaluations")[:, 0]).astype(np.int64)
    flags = {"singular": result.singular, "converged": result.converged, "failed": result.failed}
    columns |= {free(name): values for name, values in flags.items()}
    return pd.DataFrame(columns, index=table.index)


def modes(result: BootstrapResult) -> dict[str, np.ndarray]:
    """Conditional modes: grouping factor -> (replicates, levels, random effects)."""
    values, out, first = result.part("modes"), {}, 0
    for group, levels, width in result.names.groups:
        block = values[:, first : first + levels * width]
        out[group] = block.reshape(len(result), levels, width)
        first += levels * width
    return out
