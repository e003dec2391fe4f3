"""What is free, and what is refused because it does not fit."""

import numpy as np
import pytest
import ranef
from ranef.machine import memory
from ranef.machine.memory import available_memory, require_memory


def test_the_least_of_the_limits_counts(monkeypatch):
    monkeypatch.setattr(memory, "_machine", lambda: 3_000)
    monkeypatch.setattr(memory, "_address_space", lambda: None)
    monkeypatch.setattr(memory, "memory_left", lambda: 2_000)
    assert available_memory() == 1_900
    monkeypatch.setattr(memory, "_address_space", lambda: -5)
    assert available_memory() == 1


def test_refusal(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 50_000_000)
    require_memory(50_000_000, "numbers", "less")
    with pytest.raises(ranef.MemoryLimitError, match=r"^numbers take 2.5 TB, and 50 MB are free:"):
        require_memory(2.5e12, "numbers", "take fewer")


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    n = 4_000
    columns = {f"x{k}": rng.normal(size=n) for k in range(60)}
    columns |= {"y": rng.normal(size=n), "g": rng.integers(0, 40, n), "h": np.arange(n) // 2}
    return columns | {name: (np.arange(n) % levels).astype(str) for name, levels in (("a", 900), ("b", 899))}


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ a * b + (1 | g)", r"'a \* b' gives 809,099 columns for 4,000 rows.*\(1 \| g\)"),
        ("y ~ a + (1 | g)", r"899 columns for 'a' on 4,000 rows take 28.8 MB.*combine rare"),
        ("y ~ 1 + ({wide} || h)", r"2,000 levels of 'h' x 61 columns and 1 fixed effects take 60.5 MB"),
    ],
)
def test_refused_before_it_is_built(data, monkeypatch, formula, message):
    monkeypatch.setattr(memory, "available_memory", lambda: 20_000_000)
    wide = " + ".join(f"x{k}" for k in range(60))
    with pytest.raises((ranef.FormulaError, MemoryError), match=message):
        ranef.Model(formula.format(wide=wide), data, allow_saturated=True)


def test_too_many_responses(data, monkeypatch):
    fit = ranef.lmer("y ~ 1 + (1 | g)", data)
    monkeypatch.setattr(memory, "available_memory", lambda: 20_000_000)
    with pytest.raises(MemoryError, match=r"1,000 responses of 4,000 rows take 32 MB.*fewer at a time"):
        fit.simulate(1000, seed=1)
    assert fit.simulate(100, seed=1).shape == (100, 4_000)
