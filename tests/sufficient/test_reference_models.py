"""The criterion of sums made of parts of the rows: that of the same rows in memory, whatever the parts."""

import numpy as np
import pytest
import ranef
from numpy.testing import assert_allclose
from reference_battery import all_models

# One of each formula: REML and ML share their sums. Transforms of all rows have no sums of a part.
MODELS = list(
    {
        (model.formula, model.data_name): model
        for model in all_models(big=False)
        if "poly(" not in model.formula and "scale(" not in model.formula
    }.values()
)
COUNTS = (1, 2, 7)


def frame_and_arguments(model):
    """Arrays among the arguments as columns: a part knows no other rows."""
    frame, arguments = model.frame().copy(), {}
    for name in ("weights", "offset"):
        if name in model.arguments:
            given = model.arguments[name]
            arguments[name] = given if isinstance(given, str) else f"given_{name}"
            if not isinstance(given, str):
                frame[arguments[name]] = given
    return frame, arguments


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_any_parts_in_any_order(model, model_of):
    frame, arguments = frame_and_arguments(model)
    rng = np.random.default_rng(len(str(model)))
    count = COUNTS[len(str(model)) % 3]
    of = rng.integers(0, count, len(frame))
    parts = [ranef.sums(model.formula, frame[of == k], **arguments) for k in range(count)]
    while len(parts) > 1:  # by a random tree
        rng.shuffle(parts)
        parts.append(parts.pop() + parts.pop())
    whole, made = model_of(str(model)), parts[0]
    keep = {name: model.arguments[name] for name in ("reml", "allow_saturated") if name in model.arguments}
    merged = ranef.Model(made.formula, ranef.Sums.from_bytes(made.to_bytes()), **keep)
    assert merged.design.column_names == whole.design.column_names
    assert merged.cross.columns.tolist() == whole.cross.columns.tolist()
    levels = [[factor.levels.tolist() for factor in each.design.factors] for each in (merged, whole)]
    assert levels[0] == levels[1]
    assert_allclose(merged.objective(model.theta), whole.objective(model.theta), rtol=1e-12)
