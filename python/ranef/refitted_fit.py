"""What fits share whose covariance has a structure and whose replicates are whole refits."""

from __future__ import annotations

from typing import ClassVar

from .verbs import Verb


class RefittedFit:
    """A base of fits that are bootstrapped, and left out in parts, by refits.

    Attributes
    ----------
    has_sigma : bool
        Whether sigma is a parameter of the replicates.
    free_theta : bool
        Whether theta is, as of unstructured random effects.
    at_limits : bool
        Whether a parameter of the residuals is at an end of its range.
    """

    structured_covariance = True
    has_sigma: ClassVar[bool] = True
    free_theta: ClassVar[bool] = False
    at_limits = False

    refit = Verb("residual.refits:refit")
    refit_rows = Verb("residual.refits:refit_rows", shown=False)
    again = Verb("residual.refits:again", shown=False)
    profile = Verb("residual.profile:profile")
    replicated = Verb("bootstrap.by_refits.replicates:replicated", shown=False)
    influence = Verb("diagnostics.groups_by_refits:influence")
    augment = Verb("diagnostics.groups_by_refits:augment")
    by_other_criterion = Verb("residual.refits:by_other_criterion", shown=False)
    left_out = Verb("bootstrap.by_refits.left_out:leave_out_estimates", shown=False)
    pbtest_by_refits = Verb("bootstrap.by_refits.likelihood_ratio:pbtest_by_refits", shown=False)
    power_of = Verb("bootstrap.by_refits.power:power_of", shown=False)
    independent_codes = Verb("residual.refits:independent_codes", shown=False)
