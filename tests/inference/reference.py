"""The unbalanced designs of tests/reference/tests/inference.json with their fits."""

import functools

import numpy as np
import ranef
from reference_battery import canonical, load_data, load_table, manifest, translate_name

CASES = {case["name"]: case for case in load_table("inference")}
CODED = "angle ~ C(recipe, contr.sum) * C(temperature, contr.poly) + (1 | recipe:replicate)"
WITH_CONTRASTS = {"sum_contrasts": CODED}


@functools.cache
def case_fit(name):
    """(fit, case, positions of R's coefficients among ours)."""
    case = CASES[name]
    data = load_data(case["data"])
    if "lectage" in data:
        data["age"] = data["lectage"].astype(str).astype(float)
    fit = ranef.lmer(WITH_CONTRASTS.get(name, case["formula"]), data.iloc[case["rows"]])
    columns = manifest()[case["data"]]["columns"] | {"age": {}}
    ours = [canonical(column) for column in fit.params.index]
    order = [ours.index(translate_name(column, columns, case.get("contrasts"))) for column in case["names"]]
    return fit, case, np.array(order)
