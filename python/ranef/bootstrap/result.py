"""What a bootstrap returns: one row per replicate, intervals, and how it went."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import ArgumentError, quote_list
from .intervals import percentile_interval

__all__ = ["BootstrapResult", "parameter_names"]

_CONVERGED, _SINGULAR, _FAILED = 1, 2, 4
_METHODS = {"percentile": percentile_interval}


def parameter_names(coefficients, n_theta: int) -> list[str]:
    """Names of a replicate's parameters: the coefficients', ``sigma``, ``theta1``, ``theta2``, ..."""
    return [*coefficients, "sigma", *(f"theta{i + 1}" for i in range(n_theta))]


@dataclass(frozen=True, eq=False)
class BootstrapResult:
    """Refits to replicates drawn from a fitted model.

    Attributes
    ----------
    formula : str
        The model.
    coefficients : tuple of str
        Names of the fixed effects, those dropped for rank deficiency included.
    kept : numpy.ndarray of int
        Which of them were fitted.
    records : numpy.ndarray
        The core's records: fitted coefficients, sigma, theta, criterion, evaluations, status bits.
    requested : int
        Replicates asked for; fewer were done if Ctrl-C was pressed.
    seed : int or numpy.random.SeedSequence
        Gives these replicates again, on any number of threads. Drawn from the operating system if none was
        given.
    route : str
        ``"gram"``: drawn from the factor of the cross-products, at a cost without the number of rows;
        ``"rows"``: row by row.
    route_reason : str
    seconds : float
        Time of the draws and refits.
    n_threads : int
    estimates : pandas.Series, optional
        Of the fit that replicates were drawn from: coefficients, sigma, theta, named as in `to_frame`.
    """

    formula: str
    coefficients: tuple[str, ...]
    kept: np.ndarray = field(repr=False)
    records: np.ndarray = field(repr=False)
    requested: int
    seed: int | np.random.SeedSequence
    route: str
    route_reason: str
    seconds: float
    n_threads: int
    estimates: pd.Series | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C cut the run short."""
        return len(self) < self.requested

    @property
    def singular(self) -> np.ndarray:
        """For each replicate, whether its fit is singular."""
        return self._has(_SINGULAR)

    @property
    def converged(self) -> np.ndarray:
        """For each replicate, whether its refit converged."""
        return self._has(_CONVERGED)

    @property
    def failed(self) -> np.ndarray:
        """For each replicate, whether there is no refit; its numbers are NaN."""
        return self._has(_FAILED)

    @property
    def n_singular(self) -> int:
        """Number of singular fits."""
        return int(self.singular.sum())

    @property
    def n_unconverged(self) -> int:
        """Number of refits that gave numbers but did not converge."""
        return int((~self.converged & ~self.failed).sum())

    @property
    def n_failed(self) -> int:
        """Number of replicates without a refit."""
        return int(self.failed.sum())

    def to_frame(self) -> pd.DataFrame:
        """One row per replicate.

        Returns
        -------
        pandas.DataFrame
            Columns: the coefficients by name (NaN where dropped from the model), ``sigma``, ``theta1``, ...,
            ``objective``, ``evaluations``, ``singular``, ``converged``, ``failed``.
        """
        return self._parameters().assign(
            objective=self.records[:, -3],
            evaluations=self.records[:, -2].astype(np.int64),
            singular=self.singular,
            converged=self.converged,
            failed=self.failed,
        )

    def conf_int(self, level: float = 0.95, method: str = "percentile") -> pd.DataFrame:
        """Intervals for the coefficients, sigma and theta.

        Replicates without a refit are left out (`n_failed` counts them).

        Parameters
        ----------
        level : float
            Coverage, between 0 and 1.
        method : {"percentile"}
            The percentile interval as R's ``boot.ci`` defines it
            (`ranef.bootstrap.intervals.percentile_interval`).

        Returns
        -------
        pandas.DataFrame
            Columns ``lower`` and ``upper``, one row per parameter; NaN for a dropped coefficient.

        Raises
        ------
        ArgumentError
            If the level is not between 0 and 1, or the method is unknown.
        """
        if method not in _METHODS:
            raise ArgumentError(f"method must be one of {quote_list(_METHODS)}; got {method!r}")
        if not 0.0 < level < 1.0:
            raise ArgumentError(f"level must be between 0 and 1, such as 0.95; got {level!r}")
        parameters = self._parameters()
        limits = [_METHODS[method](column, level) for column in parameters.to_numpy().T]
        return pd.DataFrame(limits, index=parameters.columns, columns=["lower", "upper"])

    def _parameters(self) -> pd.DataFrame:
        rank = len(self.kept)
        coefficients = np.full((len(self), len(self.coefficients)), np.nan)
        coefficients[:, self.kept] = self.records[:, :rank]
        others = self.records[:, rank:-3]
        names = parameter_names(self.coefficients, others.shape[1] - 1)
        index = pd.RangeIndex(len(self), name="replicate")
        return pd.DataFrame(np.hstack([coefficients, others]), index, names)

    def _has(self, bit: int) -> np.ndarray:
        return (self.records[:, -1].astype(np.int64) & bit) != 0

    def __str__(self) -> str:
        done = f"{len(self):,}"
        if self.interrupted:
            done += f" of {self.requested:,} (interrupted)"
        rate = len(self) / self.seconds if self.seconds > 0 else float("inf")
        threads = "1 thread" if self.n_threads == 1 else f"{self.n_threads} threads"
        lines = [
            f"Parametric bootstrap of {self.formula}",
            f"  {done} replicates in {self.seconds:.3g} s on {threads} ({rate:,.0f} refits a second)",
            f"  seed {self.seed}, drawn {_ROUTES[self.route]}: {self.route_reason}",
            f"  singular {self.n_singular:,}, not converged {self.n_unconverged:,}, failed {self.n_failed:,}",
            "",
            "95 % percentile intervals",
            self.conf_int().to_string(float_format=lambda x: f"{x:.6g}"),
        ]
        return "\n".join(lines)

    __repr__ = __str__


_ROUTES = {"gram": "from the Gram factor", "rows": "row by row"}
