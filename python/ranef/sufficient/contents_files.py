"""Contents of sums as JSON and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from .level_files import Arrays, read_levels, write_levels
from .patterns import Pattern, Patterns, packed_size
from .products import Product
from .sums import Contents
from .table import FactorSums, PairSums, Table


def write_contents(contents: Contents, arrays: Arrays) -> dict[str, Any]:
    levels = write_levels(contents.levels, arrays)
    products = [[list(p.numbers), list(p.factors)] for p in contents.products]
    place = {product: k for k, product in enumerate(contents.products)}
    for k, product in enumerate(contents.products):
        arrays[f"cells {k}"] = contents.cells[product]
    for k, keys in enumerate(contents.groups.values()):
        arrays[f"group {k}"] = keys
        arrays[f"cross {k}"] = contents.table.factors[k].cross
    for (f, g), pair in sorted(contents.table.pairs.items()):
        arrays[f"first {f} {g}"], arrays[f"second {f} {g}"] = pair.first, pair.second
        arrays[f"blocks {f} {g}"] = pair.blocks
    arrays["origins"], arrays["fixed"] = contents.origins, contents.table.fixed
    if contents.unweighted is not None:
        arrays["unweighted"] = contents.unweighted
    ranges = list(contents.ranges)
    arrays["ranges"] = np.array([contents.ranges[name] for name in ranges]).reshape(-1, 2)
    arrays["totals"] = np.array([contents.log_weights, contents.inverse_weights, contents.offsets])
    return {
        "kinds": dict(contents.kinds),
        "levels": levels,
        "groups": [[list(group), [place[p] for p in contents.z[group]]] for group in contents.groups],
        "products": products,
        "ranges": ranges,
        "patterns": None if contents.patterns is None else _write_patterns(contents.patterns, arrays),
    }


def _write_patterns(patterns: Patterns, arrays: Arrays) -> dict[str, Any]:
    arrays["subjects"], arrays["arms"] = patterns.subjects, patterns.arms
    for k, one in enumerate(patterns.found.values()):
        arrays[f"pairs {k}"] = one.pairs
    listed = [[arm, list(seen), one.subjects] for (arm, seen), one in patterns.found.items()]
    return {"visit": patterns.visit, "subject": patterns.subject, "by": patterns.by, "found": listed}


def _read_patterns(header: Mapping[str, Any], arrays: Arrays) -> Patterns:
    found = {
        (arm, tuple(seen)): Pattern(count, arrays[f"pairs {k}"])
        for k, (arm, seen, count) in enumerate(header["found"])
    }
    subject, by = tuple(header["subject"]), tuple(header["by"])
    return Patterns(header["visit"], subject, by, arrays["subjects"], arrays["arms"], found)


def _patterns_fit(contents: Contents, width: int) -> dict[str, bool]:
    """Return which arrays of the sums by pattern fit the others."""
    own = contents.patterns
    if own is None:
        return {}
    visits = contents.levels[own.visit].values.shape[0]
    fits = {}
    for k, ((arm, seen), one) in enumerate(own.found.items()):
        rising = all(a < b for a, b in pairwise((-1, *seen, visits))) and bool(seen)
        inside = rising and 0 <= arm < own.arms.shape[0] and one.subjects > 0
        fits[f"pairs {k}"] = inside and one.pairs.shape == (packed_size(len(seen)), packed_size(width))
    for what, names, codes in (("subjects", own.subject, own.subjects), ("arms", own.by, own.arms)):
        counts = [contents.levels[name].values.shape[0] for name in names]
        shaped = codes.ndim == 2 and codes.shape[1] == len(names)
        fits[what] = shaped and bool(np.all((codes >= 0) & (codes < np.array(counts, dtype=np.int64))))
    return fits


def read_contents(header: Mapping[str, Any], arrays: Arrays) -> Contents:
    levels = read_levels(header["levels"], arrays)
    products = tuple(Product(tuple(numbers), tuple(factors)) for numbers, factors in header["products"])
    cells = {product: arrays[f"cells {k}"] for k, product in enumerate(products)}
    groups = {tuple(names): arrays[f"group {k}"] for k, (names, _) in enumerate(header["groups"])}
    z = {tuple(names): tuple(products[k] for k in own) for names, own in header["groups"]}
    log_weights, inverse_weights, offsets = arrays["totals"].tolist()
    contents = Contents(
        kinds=header["kinds"],
        levels=levels,
        groups=groups,
        products=products,
        cells=cells,
        z=z,
        origins=arrays["origins"],
        table=Table(arrays["fixed"], (), {}),
        unweighted=arrays.get("unweighted"),
        ranges=dict(zip(header["ranges"], map(tuple, arrays["ranges"].tolist()), strict=True)),
        log_weights=log_weights,
        inverse_weights=inverse_weights,
        offsets=offsets,
        patterns=_read_patterns(header["patterns"], arrays) if header.get("patterns") else None,
    )
    own = contents.z_columns()
    factors = tuple(FactorSums(own[k], arrays[f"cross {k}"]) for k in range(len(groups)))
    pairs = {
        (f, g): PairSums(*(arrays[f"{what} {f} {g}"] for what in ("first", "second", "blocks")))
        for f, g in combinations(range(len(groups)), 2)
    }
    table = Table(arrays["fixed"], factors, pairs)
    _require_shapes(contents, table)
    return replace(contents, table=table)


def _require_shapes(contents: Contents, table: Table) -> None:
    """Raise a ValueError for arrays that do not fit together, whoever has written them."""
    width = sum(cells.shape[0] for cells in contents.cells.values())
    require = {"origins": contents.origins.shape == (width,), "fixed": table.fixed.shape == (width, width)}
    require |= _patterns_fit(contents, width)
    keys = list(contents.groups.values())
    for k, factor in enumerate(table.factors):
        require[f"cross {k}"] = factor.cross.shape == (keys[k].shape[0], factor.z.size, width)
    for (f, g), pair in table.pairs.items():
        one, other = table.factors[f], table.factors[g]
        require[f"blocks {f} {g}"] = pair.blocks.shape == (pair.first.size, one.z.size, other.z.size)
        for name, own, count in (("first", pair.first, one.levels), ("second", pair.second, other.levels)):
            inside = own.shape == (pair.first.size,) and bool(np.all((own >= 0) & (own < count)))
            require[f"{name} {f} {g}"] = inside
    for names, codes in [*contents.groups.items(), *((p.factors, c) for p, c in contents.cells.items())]:
        for k, name in enumerate(names):
            count = contents.levels[name].values.shape[0]
            require[f"codes of {name}"] = bool(np.all((codes[:, k] >= 0) & (codes[:, k] < count)))
    wrong = [name for name, holds in require.items() if not holds]
    if wrong:
        raise ValueError(f"the array '{wrong[0]}' does not fit the others")
