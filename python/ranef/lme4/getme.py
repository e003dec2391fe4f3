"""lme4's getME: components of the model by name, from a table."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..arrays import FloatArray
from ..errors import ArgumentError, quote_list
from ..fit import Fit
from ..theta import count, is_diagonal, unpack
from .attributes import fitted, isREML, nobs, sigma


def getME(fit: Fit, name: str | list[str]) -> Any:
    """Return a component of the model by lme4's name.

    Parameters
    ----------
    fit : Fit
    name : str or list of str
        One component, a list of them for a dict, or ``"ALL"``. ``X``, ``Z``, ``Zt``, ``Ztlist``, ``mmList``,
        ``A``, ``RX``, ``y``, ``mu``, ``offset``; ``theta``, ``Lambda``, ``Lambdat``, ``Tlist``, ``Lind``,
        ``lower``, ``Tp``; ``beta``, ``fixef``, ``b``, ``u``, ``sigma``;
        ``flist``, ``cnms``, ``Gp``; ``REML``, ``is_REML``; the counts ``n``, ``N``, ``p``, ``q``,
        ``n_rtrms``, ``n_rfacs``, ``p_i``, ``l_i``, ``q_i``, ``m_i``, ``k``, ``m``; and ``devfun``, the
        criterion as a function of theta. Random effects are ordered as in lme4: terms, their levels, the
        columns of a level. Z and Lambda are sparse.

    Raises
    ------
    ArgumentError
        For an unknown name, with those there are.

    Examples
    --------
    >>> import ranef
    >>> from ranef.lme4 import getME
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    >>> getME(fit, "Z").shape, getME(fit, ["n", "p", "q"])
    ((30, 6), {'n': 30, 'p': 1, 'q': 6})
    """
    if name == "ALL":
        name = list(COMPONENTS)
    if not isinstance(name, str):
        return {one: getME(fit, one) for one in name}
    if name not in COMPONENTS:
        raise ArgumentError(f"getME has no {name!r}; it has {quote_list(COMPONENTS, 50)}")
    return COMPONENTS[name](fit)


def _terms(fit: Fit) -> Any:
    return fit.model.design.terms


def _z(fit: Fit) -> sp.csc_array:
    blocks = []
    for term in _terms(fit):
        n, r = term.basis.shape
        columns = term.factor.codes.astype(np.int64)[:, None] * r + np.arange(r)
        shape = (n, term.factor.n_levels * r)
        rows = np.repeat(np.arange(n), r)
        block = sp.coo_array((np.asarray(term.basis).ravel(), (rows, columns.ravel())), shape=shape).tocsc()
        block.eliminate_zeros()
        blocks.append(block)
    return sp.hstack(blocks, format="csc")


def _lambda(fit: Fit) -> sp.csc_array:
    blocks = []
    for term, factor in zip(_terms(fit), fit.model.covariance_factors(fit.theta), strict=True):
        rows, columns = np.tril_indices(factor.shape[0])  # a zero theta keeps its place, as in lme4
        triangle = sp.coo_array((factor[rows, columns], (rows, columns)), shape=factor.shape)
        blocks.append(sp.kron(sp.eye_array(term.factor.n_levels), triangle, format="coo"))
    return sp.csc_array(sp.block_diag(blocks))


def _b(fit: Fit) -> FloatArray:
    return np.concatenate([modes.ravel() for modes in fit.term_modes])


def _u(fit: Fit) -> FloatArray:
    """Spherical random effects: the shortest u with b = Lambda u."""
    factors = fit.model.covariance_factors(fit.theta)
    parts = zip(factors, fit.term_modes, strict=True)
    return np.concatenate([(modes @ np.linalg.pinv(factor).T).ravel() for factor, modes in parts])


def _lower(fit: Fit) -> FloatArray:
    return np.where(is_diagonal(fit.model.term_widths), 0.0, -np.inf)


def _sizes(fit: Fit) -> list[int]:
    return [len(term.columns) for term in _terms(fit)]


def _levels(fit: Fit) -> list[int]:
    return [term.factor.n_levels for term in _terms(fit)]


def _starts(counts: list[int]) -> list[int]:
    return np.concatenate([[0], np.cumsum(counts, dtype=int)]).tolist()


def _parameters(fit: Fit) -> list[int]:
    return [count(r) for r in _sizes(fit)]


def _modes_by_term(fit: Fit) -> list[int]:
    return [r * levels for r, levels in zip(_sizes(fit), _levels(fit), strict=True)]


def _offset(fit: Fit) -> FloatArray:
    given = fit.model.design.offset
    return np.zeros(fit.nobs) if given is None else np.asarray(given)


def _beta(fit: Fit) -> Any:
    return fit.params.dropna()


def _lind(fit: Fit) -> list[int]:
    """Position in theta, from 1, of each entry of Lambda', by its columns."""
    out: list[int] = []
    places = unpack(np.arange(1.0, fit.model.n_theta + 1), _sizes(fit))
    for place, levels in zip(places, _levels(fit), strict=True):
        own = [int(place[row, column]) for row in range(len(place)) for column in range(row + 1)]
        out += own * levels
    return out


def _ztlist(fit: Fit) -> list[Any]:
    edges, transposed = _starts(_modes_by_term(fit)), _z(fit).T.tocsr()
    return [transposed[a:b].tocsc() for a, b in pairwise(edges)]


def _a(fit: Fit) -> Any:
    """Lambda' Z' with the roots of the weights: what the penalised least squares are made of."""
    weights = fit.model.design.weights
    product = _lambda(fit).T @ _z(fit).T
    return sp.csc_array(product if weights is None else product @ sp.diags_array(np.sqrt(weights)))


def _rx(fit: Fit) -> FloatArray:
    """Upper triangular factor of the fixed effects' precision times sigma^2."""
    kept = np.isfinite(fit.beta)
    precision = np.linalg.inv(fit.vcov[np.ix_(kept, kept)] / fit.sigma**2)
    return np.asarray(np.linalg.cholesky((precision + precision.T) / 2).T, dtype=np.float64)


def _p(fit: Fit) -> int:
    return fit.model.cross.rank


COMPONENTS: dict[str, Callable[[Any], Any]] = {
    "X": lambda fit: fit.model.design.X[:, fit.model.cross.columns],
    "Z": _z,
    "Zt": lambda fit: _z(fit).T.tocsc(),
    "y": lambda fit: fit.y,
    "mu": fitted,
    "offset": _offset,
    "Ztlist": _ztlist,
    "mmList": lambda fit: [np.asarray(term.basis) for term in _terms(fit)],
    "A": _a,
    "RX": _rx,
    "theta": lambda fit: fit.theta,
    "Tlist": lambda fit: fit.model.covariance_factors(fit.theta),
    "Lind": _lind,
    "Lambda": _lambda,
    "Lambdat": lambda fit: _lambda(fit).T.tocsc(),
    "lower": _lower,
    "Tp": lambda fit: _starts(_parameters(fit)),
    "beta": lambda fit: _beta(fit).to_numpy(),
    "fixef": _beta,
    "b": _b,
    "u": _u,
    "sigma": sigma,
    "flist": lambda fit: {f.name: np.asarray(f.levels)[f.codes] for f in fit.model.design.factors},
    "cnms": lambda fit: dict(
        zip(fit.model.term_labels, [list(term.columns) for term in _terms(fit)], strict=True)
    ),
    "Gp": lambda fit: _starts(_modes_by_term(fit)),
    "REML": lambda fit: _p(fit) if fit.reml else 0,
    "is_REML": isREML,
    "n": nobs,
    "N": nobs,
    "p": _p,
    "q": lambda fit: sum(_modes_by_term(fit)),
    "n_rtrms": lambda fit: len(_terms(fit)),
    "n_rfacs": lambda fit: len(fit.model.design.factors),
    "p_i": _sizes,
    "l_i": _levels,
    "q_i": _modes_by_term,
    "m_i": _parameters,
    "k": lambda fit: len(_terms(fit)),
    "m": lambda fit: fit.model.n_theta,
    "devfun": lambda fit: fit.model.objective,
}
