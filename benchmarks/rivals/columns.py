"""A problem's columns as binary files, quick to read in R: doubles, or 32-bit codes and a file of levels."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd

from benchmarks.rivals import worker


def write_columns(problem, folder):
    """The columns of the formula under folder/name, written once; returns that folder."""
    place = folder / problem.name
    index = place / "columns.csv"
    if index.exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    frame, rows = problem.frame(), []
    for number, name in enumerate(problem.columns):
        file, levels_file, column = f"{number}.bin", "", frame[name]
        if pd.api.types.is_float_dtype(column.dtype) or column.name in numeric_names(problem):
            column.to_numpy(dtype=np.float64).tofile(place / file)
        else:
            codes, levels = coded(column)
            (codes + 1).astype(np.int32).tofile(place / file)
            levels_file = f"{number}.levels"
            (place / levels_file).write_text("\n".join(map(str, levels)) + "\n", encoding="utf-8")
        kind = "factor" if levels_file else "number"
        rows.append({"name": name, "kind": kind, "rows": len(frame), "file": file, "levels": levels_file})
    if problem.name == "sleepstudy":
        np.array(worker.responses(problem, 50)).tofile(place / "responses.bin")
    with index.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["name", "kind", "rows", "file", "levels"])
        writer.writeheader()
        writer.writerows(rows)
    return place


def numeric_names(problem):
    """Integer columns that are covariates or the response, not identifiers."""
    frame = problem.frame()
    groups = {part.strip() for bar in problem.formula.split("|")[1:] for part in bar.split(")")[0].split(":")}
    covariates = [name for name in problem.columns if name not in groups]
    return [name for name in covariates if pd.api.types.is_numeric_dtype(frame[name].dtype)]


def coded(column):
    """Codes and levels, in the column's own order of levels or sorted."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories
    return pd.factorize(column, sort=True)
