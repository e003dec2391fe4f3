"""What a bootstrap returns: one row per replicate, intervals, and how it went."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import ArgumentError
from ...estimates.parameters import ParameterNames
from ...fit import Fit
from ...guidance.elsewhere import explained, no_items
from ...guidance.words_of_results import OF_A_BOOTSTRAP
from ...show import Printed
from ...verbs import Answer, Verb
from ..loop.record import CONVERGED, FAILED, SINGULAR, STATISTIC_FAILED, STATISTIC_SHAPE


@dataclass(frozen=True, eq=False, repr=False)
class BootstrapResult(Printed):
    """Refits to replicates drawn from a fitted model.

    Attributes
    ----------
    formula : str
        The model.
    names : ParameterNames
        Of its parameters.
    records : numpy.ndarray
        A row per replicate: what was kept of its record, the statistic's values, status bits.
    places : dict of str to slice
        Which columns of `records` hold ``"coefficients"``, ``"se"``, ``"sigma"``, ``"theta"``, ``"modes"``,
        ``"objective"``, ``"evaluations"`` (those that were asked for) and ``"statistic"``.
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
    scheme : str
        How replicates were made.
    estimates : pandas.Series, optional
        Of the fit: what `ParameterNames.all` names, and the statistic.
    errors : pandas.Series, optional
        Standard errors of the fit's coefficients.
    origin : dict
        Where the replicates come from, in plain numbers and text (`ranef.bootstrap.replicates.origin`).
    given : bool
        Whether replicates were drawn from other parameters than the fit's.
    use_u : bool
        Whether they were drawn with the random effects kept.
    statistic_names : tuple of str
    messages : dict of int to str
        What the user's statistic raised or gave back wrong, by replicate.
    statistic : callable, optional
        The user's; not kept when the result is pickled or saved, as little as `fit`.
    first : int
        Number of the first replicate.
    fit : Fit, optional
        Where the replicates come from.
    """

    formula: str
    names: ParameterNames
    records: np.ndarray = field(repr=False)
    places: dict[str, slice]
    requested: int
    seed: int | np.random.SeedSequence
    route: str
    route_reason: str
    seconds: float
    n_threads: int
    scheme: str = "parametric"
    estimates: pd.Series | None = field(default=None, repr=False)
    errors: pd.Series | None = field(default=None, repr=False)
    origin: dict[str, Any] = field(default_factory=dict, repr=False)
    given: bool = False
    use_u: bool = False
    statistic_names: tuple[str, ...] = ()
    messages: dict[int, str] = field(default_factory=dict)
    statistic: Any = field(default=None, repr=False)
    first: int = 0
    fit: Fit | None = field(default=None, repr=False)

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a bootstrap", OF_A_BOOTSTRAP)

    def __len__(self) -> int:
        return len(self.records)

    if not TYPE_CHECKING:  # which would take it for a sequence
        __getitem__ = no_items("a bootstrap is not a table: result.to_frame()[{key!r}] has the replicates")

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"fit": None, "statistic": None}

    # ------------------------------------------------------------ how it went
    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C cut the run short."""
        return len(self) < self.requested

    def whole(self) -> BootstrapResult:
        """Return the result, for answers that need all its replicates; after Ctrl-C there is none."""
        if self.interrupted:
            raise KeyboardInterrupt
        return self

    @property
    def singular(self) -> np.ndarray:
        """For each replicate, whether its fit is singular."""
        return self._has(SINGULAR)

    @property
    def converged(self) -> np.ndarray:
        """For each replicate, whether its refit converged."""
        return self._has(CONVERGED)

    @property
    def failed(self) -> np.ndarray:
        """For each replicate, whether there is no refit; its numbers are NaN."""
        return self._has(FAILED)

    @property
    def statistic_failed(self) -> np.ndarray:
        """For each replicate, whether the user's statistic failed on its refit."""
        return self._has(STATISTIC_FAILED | STATISTIC_SHAPE)

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

    # ------------------------------------------------------------ the numbers
    def part(self, name: str) -> np.ndarray:
        """What was kept of the records under a name, (n, columns).

        Raises
        ------
        ArgumentError
            If the run did not keep it.
        """
        if name not in self.places:
            raise ArgumentError(f"the replicates were made without {name!r}: ask for it in columns=")
        return self.records[:, self.places[name]]

    to_frame = Verb("bootstrap.replicates.frame:to_frame")
    modes = Answer[dict[str, np.ndarray]]("bootstrap.replicates.frame:modes")
    conf_int = Verb("bootstrap.replicates.conf_int:conf_int")
    plot = Verb("plots.bootstrap:bootstrap")
    append = Verb("bootstrap.resume:append")
    save = Verb("bootstrap.replicates.storage:save")
    document = Verb("bootstrap.replicates.description:document")
    __str__ = Verb("bootstrap.replicates.description:describe")

    def replaced(self, **changes: Any) -> BootstrapResult:
        """Return a copy with some attributes changed."""
        return replace(self, **changes)

    def _has(self, bit: int) -> np.ndarray:
        return (self.records[:, -1].astype(np.int64) & bit) != 0
