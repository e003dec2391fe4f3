"""The criterion of sums made of parts of the rows: that of the same rows in memory, whatever the parts."""

import numpy as np
import pytest
import ranef
from numpy.testing import assert_allclose
from reference_battery import all_models
from stream.batching import frame_and_arguments

# One of each formula: REML and ML share their sums. Transforms of all rows have no sums of a part.
MODELS = list(
    {
        (model.formula, model.data_name): model
        for model in all_models(big=False)
        if "poly(" not in model.formula and "scale(" not in model.formula
    }.values()
)
COUNTS = (1, 2, 7)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_any_parts_in_any_order(model, model_of):
    frame, arguments = frame_and_arguments(model)
    columns = {name: arguments.pop(name) for name in ("weights", "offset") if name in arguments}
    rng = np.random.default_rng(len(str(model)))
    count = COUNTS[len(str(model)) % 3]
    of = rng.integers(0, count, len(frame))
    parts = [ranef.sums(model.formula, frame[of == k], **columns) for k in range(count)]
    while len(parts) > 1:  # by a random tree
        rng.shuffle(parts)
        parts.append(parts.pop() + parts.pop())
    whole, made = model_of(str(model)), parts[0]
    merged = ranef.Model(made.formula, ranef.Sums.from_bytes(made.to_bytes()), **arguments)
    assert merged.design.column_names == whole.design.column_names
    assert merged.cross.columns.tolist() == whole.cross.columns.tolist()
    levels = [[factor.levels.tolist() for factor in each.design.factors] for each in (merged, whole)]
    assert levels[0] == levels[1]
    assert_allclose(merged.objective(model.theta), whole.objective(model.theta), rtol=1e-12)
