"""What to write here for families that other programs have, or have by another name."""

from __future__ import annotations

_NO_LIKELIHOOD = "has no likelihood"
_FURTHER_ZEROS = "is a family with further zeros: write zero='~ 1' beside family='poisson' or 'nbinom2'"
_ZEROS_APART = (
    "is two models: family='truncated_poisson' or 'truncated_nbinom2' of the rows above zero, and "
    "family='binomial' of whether a row is zero"
)
_CATEGORIES = "is of three or more categories, and not available here: R's ordinal, and brms, have it"
_GLMMTMB = "is not available here; R's glmmTMB has it"

ALIASES = {
    "bernoulli": "binomial",
    "gaussian_log": "gaussian",
    "normal": "gaussian",
    "inverse.gaussian": "inverse_gaussian",
    "inversegaussian": "inverse_gaussian",
    "negative_binomial": "nbinom2",
    "negbin": "nbinom2",
    "negbinomial": "nbinom2",
    "nbinom": "nbinom2",
    "nb": "nbinom2",
    "nb1": "nbinom1",
    "nb2": "nbinom2",
    "beta_family": "beta",
    "beta_binomial": "betabinomial",
}

_INSTEAD = {
    **dict.fromkeys(("quasi", "quasipoisson"), f"{_NO_LIKELIHOOD}: 'nbinom1' has variance mu (1 + phi)"),
    "quasibinomial": f"{_NO_LIKELIHOOD}: 'betabinomial' is binomial with a variance of its own",
    **dict.fromkeys(("lognormal", "log_normal"), "is a linear model: ranef.lmer('log(y) ~ ...')"),
    "exponential": "is 'gamma' with shape 1: with 'gamma' the shape is estimated",
    "geometric": "is 'nbinom2' with size 1: with 'nbinom2' the size is estimated",
    **dict.fromkeys(("zip", "zinb", "zero_inflated_poisson", "zero_inflated_negbinomial"), _FURTHER_ZEROS),
    **dict.fromkeys(("hurdle", "hurdle_poisson", "hurdle_negbinomial"), _ZEROS_APART),
    **dict.fromkeys(("ordinal", "cumulative", "acat", "sratio", "cratio"), _CATEGORIES),
    **dict.fromkeys(("multinomial", "categorical"), _CATEGORIES),
    **dict.fromkeys(("tweedie", "t", "t_family", "student", "student_t", "skewnormal"), _GLMMTMB),
    **dict.fromkeys(("compois", "genpois", "ordbeta", "bell", "truncated_compois"), _GLMMTMB),
}


def instead_of(family: str) -> str | None:
    """Return what a message says of a family of another program, or None.

    >>> instead_of("lognormal")
    "is a linear model: ranef.lmer('log(y) ~ ...')"
    """
    return _INSTEAD.get(family)
