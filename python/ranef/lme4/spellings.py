"""R's spellings of arguments: degrees of freedom, kinds of intervals, random effects to predict along."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_DDF = {"Satterthwaite": "satterthwaite", "Kenward-Roger": "kenward-roger"}
KINDS = {"perc": "percentile", "basic": "basic", "norm": "normal"}
_BAR = re.compile(r"\([^()|]*\|[^()]*\)")


def with_our_ddf(options: dict[str, Any]) -> dict[str, Any]:
    """Options with lmerTest's name of degrees of freedom as ours.

    >>> with_our_ddf({"ddf": "Kenward-Roger"}), with_our_ddf({"type": 3})
    ({'ddf': 'kenward-roger'}, {'type': 3})
    """
    return options | {"ddf": our_ddf(options["ddf"])} if "ddf" in options else options


def our_ddf(ddf: Any) -> Any:
    """lmerTest's name of degrees of freedom as ours; any other as it is."""
    return _DDF.get(ddf, ddf) if isinstance(ddf, str) else ddf


def our_random(re_form: Any) -> Any:
    """R's ``re.form`` as ``random=`` of ``fit.predict``: NULL is all, NA and ``~0`` are none.

    >>> our_random(None), our_random(float("nan")), our_random("~0"), our_random("~ (1 | g) + (0 + x | h)")
    ('all', None, None, ['(1 | g)', '(0 + x | h)'])
    """
    if re_form is None:
        return "all"
    if isinstance(re_form, float) and np.isnan(re_form):
        return None
    if not isinstance(re_form, str):
        return re_form
    text = re_form.strip()
    if text == "NULL":
        return "all"
    if text.replace(" ", "") in ("~0", "NA"):
        return None
    return _BAR.findall(text) or text[1:].strip() if text.startswith("~") else text
