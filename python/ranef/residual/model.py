"""A linear mixed model whose residuals have a covariance of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..cross_products import CrossProducts, cross_products
from ..design import Design, ModelMatrix
from ..errors import ArgumentError, DataError, quote_list
from ..model import Model
from .chain import Chain
from .noise import Noise


class ResidualModel(Model):
    """A `Model` at given parameters phi of its residuals: the same design, other cross-products.

    With a correlation in time the core sees whitened rows; ``design`` keeps the rows as they are.

    Attributes
    ----------
    noise : Noise
    phi : (k,) float64
    """

    noise: Noise
    phi: FloatArray

    _FIELDS = (*Model._FIELDS, "noise", "phi", "whitened")

    @classmethod
    def of(cls, model: Model, noise: Noise) -> ResidualModel:
        """Return a model with residuals of this kind, at phi = 0."""
        if noise.chain is not None:
            _require_nested(model, noise.chain)
        out = cls.__new__(cls)
        vars(out).update(model._parts() | {"noise": noise, "whitened": noise.chain is not None})
        return out.at(np.zeros(noise.size))

    def at(self, phi: FloatArray) -> ResidualModel:
        """Return the model at other parameters: one pass over the rows."""
        out = type(self).__new__(type(self))
        phi = np.asarray(phi, dtype=np.float64)
        design = replace(self.design, weights=self.noise.row_weights(phi))
        vars(out).update(self._parts() | {"phi": phi, "design": design})
        cross, response = out._sums(design)
        vars(out).update(cross=cross, response=response)
        return out

    def _sums(self, design: Design) -> tuple[CrossProducts, Any]:
        cross = cross_products(self._seen(design))
        return cross, cross.response(self._response(design.without_offset(design.response)))

    def _seen(self, design: Design) -> Design:
        """Return the design as the core sees it."""
        if self.noise.chain is None:
            return design
        terms = tuple(
            replace(term, matrix=ModelMatrix.of(self.noise.whiten(term.basis, self.phi)), intercept=-1)
            for term in design.terms
        )
        matrix = ModelMatrix.of(self.noise.whiten(design.X, self.phi))
        return replace(design, matrix=matrix, constant=None, terms=terms, weights=None)

    def _response(self, values: FloatArray) -> FloatArray:
        return values if self.noise.chain is None else self.noise.whiten(values, self.phi)

    def response_of(self, y: FloatArray) -> Any:
        """Return the core's cross-products of another response of the same rows."""
        values = self.design.without_offset(y)
        if values.min() == values.max():
            raise DataError(f"y is constant ({values[0]:g} in each row): there is no variation to model")
        return self.cross.response(self._response(values))

    @property
    def whitened_determinant(self) -> float:
        """What the core's criterion, of whitened rows, lacks: log|R|; nothing where R is in the weights."""
        return 0.0 if self.noise.chain is None else self.noise.log_determinant(self.phi)


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
            "correlated in "
            "time go with random terms in which every subject has one level, such as the subject itself or "
            "what it is "
            "nested in"
        )
