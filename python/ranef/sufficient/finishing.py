"""From sums to a model's design and cross-products: a linear map of columns, then the core's coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..cross_products import CrossProducts, FactorBlocks, factor_blocks, first_thetas
from ..design import Design
from ..design.not_kept import NOT_KEPT
from ..design.random_terms import require_enough_rows
from ..design.types import ColumnMoments, FixedMoments
from ..design.vectors import require_variation
from ..digits import require_range
from ..errors import DataError
from ..formula import Formula, parse_formula
from ..frame import Table, require_rows
from ..stream.learning import LearnedRows
from ..stream.needs import Needs, needed_by
from ..stream.summing import Streamed, empty_design
from .core_state import core_design, core_response
from .learning import learn_sums
from .matrix_columns import MatrixColumns
from .sums import Contents, Sums
from .table import Table as SumsTable

_DEGENERATE = 1e-10  # as in the core: a column whose spread is below this part of its mean is not scaled
_NOISE = 1e-15


def require_own_formula(sums: Sums, formula: Formula, weights: Any, offset: Any) -> None:
    """Raise a DataError for sums of another formula, weights or offset than a model is asked for."""
    require_own(("formula", sums.formula, formula.text), *arguments_of(sums, weights, offset))


def arguments_of(sums: Sums, weights: Any, offset: Any) -> list[tuple[str, Any, Any]]:
    """Return name, own and asked value of the arguments, for `require_own`; None asks for the own one."""
    asked = (("weights=", sums.weights, weights), ("offset=", sums.offset, offset))
    return [(what, own, given or own) for what, own, given in asked]


def require_own(*parts: tuple[str, Any, Any], whatever: str = "") -> None:
    """Raise a DataError for a part of a model of which sums have another value than is asked for."""
    for what, own, asked in parts:
        if own != asked:
            raise DataError(
                f"the {what} of the sums is {own!r}, not {asked!r}: sums can be fitted with the formula they "
                f"were made with{whatever}; make them again for another one"
            )


def needs_of(sums: Sums, contents: Contents, formula: Formula) -> Needs:
    """Return what the formula of sums wants of the columns."""
    table = Table({name: np.zeros(0) for name in contents.kinds})
    return needed_by(formula, table, sums.weights, sums.offset)


def finish(sums: Sums, allow_saturated: bool, needs: Needs | None = None) -> Streamed:
    """Return the design of sums, whose rows are not there, and its cross-products.

    Raises DataError as for a table: no rows, a constant response, a factor with one level.
    """
    contents = checked_contents(sums)
    needs = needs or needs_of(sums, contents, parse_formula(sums.formula))
    learned, sample, empty = learned_design(sums, contents, needs)
    if not allow_saturated:
        require_enough_rows(empty.terms, sums.n)
    return Finishing(sums, contents, learned, sample, empty).streamed()


def checked_contents(sums: Sums) -> Contents:
    """Return the contents of sums, or raise a DataError where no row was used."""
    contents = sums.contents
    if contents is None:
        require_rows(sums.n, sums.n_total, sums.missing)
        raise AssertionError
    return contents


def learned_design(
    sums: Sums, contents: Contents, needs: Needs
) -> tuple[LearnedRows, dict[str, Any], Design]:
    """Return what sums say of the design, columns like those of the rows, and the design without rows."""
    require_variation(*contents.ranges["<response>"], sums.n, needs.formula.response)
    for name, (low, high) in contents.ranges.items():
        response = name == "<response>"
        if response or name in needs.predictors:
            require_range("the response" if response else name, low, high, response)
    learned, sample = learn_sums(sums, contents, needs)
    return learned, sample, empty_design(learned)


class Finishing:
    """From sums to a design without rows and its cross-products."""

    def __init__(
        self,
        sums: Sums,
        contents: Contents,
        learned: LearnedRows,
        sample: Mapping[str, npt.NDArray[Any]],
        empty: Design,
    ) -> None:
        self.sums, self.contents, self.learned = sums, contents, learned
        columns = MatrixColumns(contents, learned, sample)
        self.fixed = columns.of(learned.learned.fixed)
        self.bases = [columns.of(basis) for basis in learned.learned.bases]
        self.empty = replace(empty, constant=columns.constant(self.fixed))
        groups = list(contents.groups)
        self.blocks = factor_blocks(empty)
        terms = learned.spec.terms
        self.order = [groups.index(terms[block.terms[0]].group.columns) for block in self.blocks]
        self.table = _in_order(contents.table, self.order)

    # ------------------------------------------------------------ coordinates
    def coordinates(self, columns: FloatArray, shifted: npt.NDArray[np.bool_]) -> tuple[FloatArray, ...]:
        """Return columns shifted to their means, where they may be, and scaled, with both."""
        total = self.table.fixed
        shift = np.where(shifted, total[0] @ columns / total[0, 0], 0.0)
        columns = columns.copy()
        columns[0] -= shift
        size = np.sqrt(np.maximum(np.einsum("ak,ab,bk->k", columns, total, columns), 0.0) / total[0, 0])
        columns[:, shifted & (size <= _NOISE * np.abs(shift))] = 0.0
        scale = np.where(size > _DEGENERATE * np.abs(shift), size, 1.0)
        return columns / scale, shift, scale

    def _z(self, block: FactorBlocks) -> tuple[FloatArray, ...]:
        """Return the columns of a factor's terms in the core's coordinates, shifts and scales."""
        parts = []
        for index in block.terms:
            own = self.learned.spec.terms[index]
            term = self.empty.terms[index]
            raw = self.bases[own.basis][:, list(own.columns)]
            shifted = np.full(raw.shape[1], term.intercept >= 0)
            if term.intercept >= 0:
                shifted[term.intercept] = False
            columns, shift, scale = self.coordinates(raw, shifted)
            if term.intercept >= 0:  # a column of ones
                columns[:, term.intercept], scale[term.intercept] = raw[:, term.intercept], 1.0
            parts.append((columns, shift, scale))
        return (
            np.concatenate([own[0] for own in parts], axis=1),
            np.concatenate([own[1] for own in parts]),
            np.concatenate([own[2] for own in parts]),
        )

    def response(self, shifted: bool) -> tuple[FloatArray, float, float]:
        """Return the response in the core's coordinates, its shift and scale."""
        y = np.zeros((self.contents.origins.size, 1))
        y[-1], y[0] = 1.0, self.contents.origins[-1]
        y, shift, scale = self.coordinates(y, np.array([shifted]))
        return y, float(shift[0]), float(scale[0])

    def _core(self, keep_origin: int) -> tuple[Any, float, float, SumsTable]:
        constant = self.empty.constant
        p = self.fixed.shape[1]
        shifted = may_be_shifted(constant, p) & (np.arange(p) >= keep_origin)
        x, x_shift, x_scale = self.coordinates(self.fixed, shifted)
        z = [self._z(block) for block in self.blocks]
        y, y_shift, y_scale = self.response(constant is not None)
        edges = np.cumsum([p, *(own[0].shape[1] for own in z)])
        chosen = [np.arange(a, b) for a, b in pairwise(edges)]
        table = self.table.combined(np.concatenate([x, *(own[0] for own in z), y], axis=1), chosen)
        thetas = first_thetas(self.empty)
        design = core_design(
            table,
            [self._core_blocks(block, thetas) for block in self.blocks],
            self.sums.n,
            self.contents.log_weights,
            {
                "x_shift": x_shift,
                "x_scale": x_scale,
                "constant": constant,
                "z_shift": [own[1] for own in z],
                "z_scale": [own[2] for own in z],
            },
        )
        return design, y_shift, y_scale, table

    def _core_blocks(self, block: FactorBlocks, thetas: list[int]) -> list[tuple[int, int, int, int]]:
        terms = self.empty.terms
        return [
            (span.start, span.stop - span.start, terms[index].intercept, thetas[index])
            for index, span in zip(block.terms, block.slices, strict=True)
        ]

    # ------------------------------------------------------------ all together
    def streamed(self) -> Streamed:
        """Return the design and its cross-products."""
        design, y_shift, y_scale, table = self._core(0)
        core, unshifted = _core.keep_independent(design)
        if unshifted:
            design, y_shift, y_scale, table = self._core(unshifted)
            core, _ = _core.keep_independent(design)
        kept = np.asarray(core.kept, dtype=np.intp)
        products = [table.factors[k].cross[:, :, -1].ravel() for k in core.factor_order]
        values = np.concatenate([*products, table.fixed[kept, -1], table.fixed[-1:, -1]])
        response = core_response(values, y_shift, y_scale)
        cross = CrossProducts(NOT_KEPT, core, self.blocks, kept)
        return Streamed(self.design(), cross, response)

    def design(self) -> Design:
        """Return the design, its rows not there, with the moments of its columns."""
        contents, n = self.contents, self.sums.n
        plain = contents.table.fixed if contents.unweighted is None else contents.unweighted
        terms = []
        for term, own in zip(self.empty.terms, self.learned.spec.terms, strict=True):
            raw = self.bases[own.basis][:, list(own.columns)]
            terms.append(replace(term, moments=_moments(raw, plain / n, term.intercept)))
        mean = plain[0] @ self.fixed / n
        centred = self.fixed.copy()
        centred[0] -= mean
        away = plain[0, -1] / n
        low, high = contents.ranges["<response>"]
        response = np.array([contents.origins[-1] + away, plain[-1, -1] / n - away**2, low, high])
        covariance = centred.T @ plain @ centred / n
        moments = FixedMoments(mean, covariance, contents.inverse_weights / n, contents.offsets / n, response)
        return replace(self.empty, terms=tuple(terms), moments=moments)


def may_be_shifted(constant: FloatArray | None, count: int) -> npt.NDArray[np.bool_]:
    """Return which columns of X may be shifted to their means: those that the constant is not made of."""
    return np.zeros(count, dtype=bool) if constant is None else constant == 0


def _moments(columns: FloatArray, products: FloatArray, intercept: int) -> ColumnMoments:
    """Return the moments of a random term's columns, given in terms of the columns summed."""
    origin, own = np.zeros(columns.shape[1]), columns.copy()
    if intercept >= 0:
        origin = np.where(np.arange(len(origin)) == intercept, 0.0, columns[0])
        own[0] -= origin
    return ColumnMoments(own.T @ products @ own, origin, intercept)


def _in_order(table: SumsTable, order: list[int]) -> SumsTable:
    """Return a table with its factors in another order."""
    pairs = {(f, g): table.pair(order[f], order[g]) for f, g in combinations(range(len(order)), 2)}
    return SumsTable(table.fixed, tuple(table.factors[k] for k in order), pairs)
