"""A linear mixed model whose residuals have a covariance of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..cross_products import CrossProducts, cross_products
from ..design import Design, GroupingFactor
from ..errors import ArgumentError, DataError, quote_list
from ..model import Model
from .chain import Chain
from .noise import Noise
from .rows_model import Changeable
from .sums import ResidualSums


class ResidualModel(Changeable, Model):
    """A `Model` at given parameters phi of its residuals: the same design, other cross-products.

    ``design`` keeps the rows as they are, its weights are those of the standard deviations at phi.
    """

    noise: Noise
    phi: FloatArray  # (k,)

    _FIELDS = (*Model._FIELDS, "noise", "phi", "whitened")

    @classmethod
    def of(cls, model: Model, noise: Noise) -> ResidualModel:
        """Return a model with residuals of this kind, at phi = 0."""
        if noise.chain is not None:
            _require_nested(model, noise.chain)
        out = cls.__new__(cls)
        phi = np.zeros(noise.size)
        vars(out).update(model._parts() | {"noise": noise, "phi": phi, "whitened": noise.chain is not None})
        return out

    def _of_rows(self, rows: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {"noise": self.noise.some(rows)}

    def _changed(self, **parts: Any) -> ResidualModel:
        """Return the model with other parts at the same phi, where its cross-products are to be made."""
        out = type(self).__new__(type(self))
        vars(out).update(self._parts() | parts)
        if out.design.matrix is not self.design.matrix:
            vars(out)["cross"] = cross_products(out.design)
        return out

    def at(self, phi: FloatArray, sums: ResidualSums | None = None) -> ResidualModel:
        """Return the model at other parameters; `sums` are those of a model like this."""
        out = type(self).__new__(type(self))
        phi = np.asarray(phi, dtype=np.float64)
        design = replace(self.design, weights=self.noise.row_weights(phi))
        vars(out).update(self._parts() | {"phi": phi, "design": design})
        cross, response = out._sums(design, sums)
        vars(out).update(cross=cross, response=response)
        return out

    def sums(self, y: FloatArray | None = None) -> ResidualSums:
        """Return the sums that cross-products at any phi are made of; ``sums.model`` has no structure."""
        design = replace(self.design, weights=self.noise.weights)
        plain = Model.__new__(Model)
        parts = {name: value for name, value in self._parts().items() if name in Model._FIELDS}
        cross = cross_products(design)
        response = cross.response(design.without_offset(design.response if y is None else y))
        vars(plain).update(parts | {"design": design, "cross": cross, "response": response})
        return ResidualSums(plain, self.noise, y=y)

    @property
    def subjects(self) -> GroupingFactor | None:  # type: ignore[override]
        """Whose rows have residuals that correlate."""
        return self.noise.subjects

    def residual_covariance(self, rows: npt.NDArray[np.intp]) -> FloatArray:
        """Return the covariance of the residuals of some rows, in their order, over sigma^2.

        Raises ArgumentError when other rows of their subjects are not among them.
        """
        chain = self.noise.chain
        if chain is None:
            return super().residual_covariance(rows)
        chosen = np.zeros(self.nobs, dtype=bool)
        chosen[rows] = True
        before = chain.previous[rows]
        if not chosen[before[before >= 0]].all():
            raise ArgumentError(
                f"rows of one {chain.group.name} lie in several clusters, and residual='{chain.text}' "
                "makes them correlate: name clusters of whole ones in group="
            )
        root = self.noise.some(chosen).colour(np.eye(rows.size), self.phi)
        return np.asarray(root @ root.T)

    def whiten_rows(self, values: FloatArray) -> FloatArray:
        """Return columns of the rows used, (n, k), their residuals uncorrelated and of one variance."""
        return self.noise.whiten(values, self.phi) if self.whitened else values

    def weights_of_new(self, newdata: Any, m: int) -> FloatArray:
        """Return sigma^2 over the residual variance of m new rows: that of their strata."""
        return np.exp(-2 * self.noise.log_sd_of_new(newdata, self.phi)) * np.ones(m)

    def _sums(self, design: Design, sums: ResidualSums | None = None) -> tuple[CrossProducts, Any]:
        if self.noise.chain is None:  # the weights of the rows are all there is
            return super()._sums(design)
        if sums is None:
            sums = self._changed(design=design).sums()
        combined, response = sums.combined(self.phi)
        return replace(sums.model.cross, design=combined), response

    def response_of(self, y: FloatArray) -> Any:
        """Return the core's cross-products of another response of the same rows."""
        values = self.design.without_offset(y)
        if values.min() == values.max():
            raise DataError(f"y is constant ({values[0]:g} in each row): there is no variation to model")
        if self.noise.chain is None:
            return self.cross.response(values)
        return self.sums(y).combined(self.phi)[1]


def _require_nested(model: Model, chain: Chain) -> None:
    """Raise unless consecutive rows of a subject share the levels of every random term."""
    joined = np.flatnonzero(chain.previous >= 0)
    crossed = [
        factor.name
        for factor in model.design.factors
        if (factor.codes[joined] != factor.codes[chain.previous[joined]]).any()
    ]
    if crossed:
        raise ArgumentError(
            f"residual='{chain.text}' joins rows of different levels of {quote_list(crossed)}: residuals "
            "correlated in time go with random terms in which every subject has one level, such as the "
            "subject itself or what it is nested in"
        )
