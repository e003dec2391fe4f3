"""Arguments of other packages, and what they are called here: said when Python refuses one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, isfunction, signature
from typing import Any, ParamSpec, TypeVar

from .parts_of_names import by_parts

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

# The argument here, where a function has it -> words for it elsewhere.
_HERE = {
    "n": (
        "nsim n_sim nrep n_rep nsims n_sims n_boot nboot n_bootstrap n_resamples n_samples n_iter n_reps "
        "reps B R size"
    ),
    "seed": "random_state rng random_seed",
    "n_threads": "n_jobs ncpus cores n_cores workers num_threads threads parallel nthreads",
    "statistic": "FUN func function stat",
    "progress": "verbose progress_bar pbar tqdm",
    "parameters": "parm pars param which terms cols",
    "level": "alpha conf_level ci confidence prob conf credMass conf_int",
    "kind": "type bootstrap_type boot_type ci_type",
    "scheme": "type method kind boot_type sim resampling",
    "scale": "type kind transform",
    "exponentiate": "exp odds_ratio or_ transform",
    "residual": "correlation covariance corr cor_struct",
    "dispersion": "dispformula het varIdent",
    "refit": "refit_ml REML reml",
    "newdata": "exog X data df new_data x",
    "random": "re_form re_formula reform use_rfx population random_only",
    "allow_new_levels": "allow_new allow_new_level verify_predictions",
    "se": "return_std se_fit std return_se",
    "ddf": "df_method lmer_df dof df method",
    "type": "typ test_type ss_type residual_type",
    "alternative": "side sides tail tails one_sided",
    "null": "mu rhs null_value hypothesis",
    "adjust": "adjustment p_adjust correction method",
    "specs": "variables vars marginal_vars margins var terms",
    "by": "grouping_vars hue condition",
    "reml": "REML method",
    "weights": "prior_weights sample_weight om obsmargins",
    "allow_saturated": "control check_nobs",
    "use_u": "use_re re_form conditional",
    "y": "newresp endog response",
    "stars": "signif_stars signif",
    "correlation": "corr cor print_corr",
    "ax": "axes axis",
    "interval": "return_conf_int intervals quantiles prediction_interval",
    "at": "cov values newdata",
    "figsize": "size",
}
_PACKAGE = "ranef."
_CANDIDATES: dict[str, list[str]] = {}
for _name, _words in _HERE.items():
    for _word in _words.split():
        _CANDIDATES.setdefault(_word, []).append(_name)

_SAID = {"random": "random='all', random=None for none, or the names of terms", "se": "se=True"}


def guided(**words: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a function answer to arguments it does not have with what to write.

    **words: arguments elsewhere -> a sentence, before the words that all functions know.

    >>> @guided(groups="write (1 | group)")
    ... def simulate(n=1):
    ...     return n
    >>> simulate(nsim=3)
    Traceback (most recent call last):
    TypeError: simulate() has no argument nsim=: write n=
    >>> simulate(groups=3)
    Traceback (most recent call last):
    TypeError: simulate() has no argument groups=: write (1 | group)
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        names = function.__qualname__.split(".")
        shown = names[-2] if names[-1] == "__init__" else names[-1]
        refusal = rf"(?:.*\.)?{names[-1]}\(\) got an unexpected keyword argument '(\w+)'"

        @wraps(function)
        def called(*args: P.args, **options: P.kwargs) -> R:
            try:
                return function(*args, **options)
            except TypeError as error:
                found = re.match(refusal, str(error))
                if found is None or found[1] not in options:
                    raise
                text = advice(function, found[1], words)
            raise TypeError(f"{shown}() has no argument {found[1]}={text}")

        called.guides = True  # type: ignore[attr-defined]
        return called

    return decorate


def guide(module: dict[str, Any], names: Iterable[str]) -> None:
    """Have the functions of a module that users call answer so, given its ``globals()``."""
    for name in names:
        if isfunction(module.get(name)) and not hasattr(module[name], "guides"):
            module[name] = guided()(module[name])


def guide_class(kind: C) -> C:
    """Have the methods of a class that users call answer so, inherited ones too, and return it."""
    seen: set[str] = set()
    for base in kind.__mro__:
        if not base.__module__.startswith(_PACKAGE):
            continue
        for name, one in list(vars(base).items()):
            if not (name in seen or name.startswith("_")) and isfunction(one) and not hasattr(one, "guides"):
                setattr(kind, name, guided()(one))
            seen.add(name)
    return kind


def signed_as(other: Callable[..., R], **more: Any) -> Callable[[Callable[..., Any]], Callable[..., R]]:
    """Show the arguments of another function, to which a function hands on what it was given.

    **more: further arguments by keyword -> their defaults.

    >>> @signed_as(sorted, stop=None)
    ... def first(*args, stop=None, **options):
    ...     return sorted(*args, **options)[:stop]
    >>> signature(first)
    <Signature (iterable, /, *, key=None, reverse=False, stop=None)>
    """
    further = [Parameter(name, Parameter.KEYWORD_ONLY, default=value) for name, value in more.items()]

    def decorate(function: Callable[..., Any]) -> Callable[..., R]:
        own = signature(other)
        shown = own.replace(parameters=[*own.parameters.values(), *further])
        function.__signature__ = shown  # type: ignore[attr-defined]
        return function

    return decorate


def advice(function: Callable[..., Any], word: str, words: Mapping[str, str] = {}) -> str:
    """Return ``": write seed="`` for a word elsewhere, or else what the function takes."""
    if word in words:
        return f": {words[word]}"
    keyword = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    parameters = list(signature(function).parameters.values())
    taken = [one.name for one in parameters if one.kind in keyword]

    def called_here(word: str) -> str:
        here = next((name for name in _CANDIDATES.get(word, []) if name in taken), "")
        return here and f"write {_SAID.get(here) or here + '='}"

    near = get_close_matches(word.lower(), taken, n=1, cutoff=0.75)
    spelled = get_close_matches(word, words, n=1, cutoff=0.85)
    found = called_here(word) or (near and f"write {near[0]}=") or (spelled and words[spelled[0]])
    found = found or by_parts(word, lambda part: called_here(part) or words.get(part, ""))
    if found:
        return f": {found}"
    taken = [name for name in taken if name not in ("fit", "result", "self")]
    return f": it takes {', '.join(f'{name}=' for name in taken)}" if taken else ": it takes none"
