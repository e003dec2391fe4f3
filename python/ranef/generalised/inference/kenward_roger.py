"""Kenward and Roger's test of a generalised model: that of its working linear model, an approximation.

The variances are estimated by restricted likelihood (`restricted`), and the residual variance of the
working model is known to be one: its row leaves the information. PROC GLIMMIX has the same adjustment at the
variances of its pseudo-likelihood. Estimates are those of the fit.

References
----------
Kenward & Roger (1997), Small sample inference for fixed effects from restricted maximum likelihood,
Biometrics 53, 983-997.
Stroup (2013), Generalized Linear Mixed Models, CRC Press, section 5.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...errors import ArgumentError
from ...inference.curvature import generalised_inverse
from ...inference.fisher import fisher_information
from ...inference.kenward_roger import KenwardRoger, require_memory_of
from ..fit import GlmerFit
from .restricted import working_model


class WorkingKenwardRoger(KenwardRoger):
    """Kenward and Roger's covariance and degrees of freedom for the working linear model of a fit."""

    def __init__(self, fit: GlmerFit) -> None:
        if fit.model.prior is not None:
            raise ArgumentError("ddf='kenward-roger' is of unpenalised fits: leave prior= out")
        working: Any = working_model(fit)
        require_memory_of(working)
        found = fisher_information(working)
        self.coordinates = working.model.coordinates
        self.unadjusted: FloatArray = np.asarray(working.solution["internal_vcov"])
        # As in the linear model with sigma = 1, but for the residual's row.
        self._weights = 2 * generalised_inverse(found.product_projected, np.diag(found.product))
        self._effects = -found.slope
        correction = np.tensordot(self._weights, found.bend, axes=2)
        self.inner = self.unadjusted + (correction + correction.T)
