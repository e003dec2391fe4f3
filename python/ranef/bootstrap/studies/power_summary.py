"""A simulated power with its Monte Carlo interval."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betaincinv

from ...errors import level_by_keyword, require_level
from ...show import Printed


@dataclass(frozen=True, repr=False)
class Power(Printed):
    """A simulated power; prints itself.

    Attributes
    ----------
    coefficient : str
        Or a term.
    effect : float or tuple of float
        Its true value, or those of the term's coefficients.
    test : str
    alpha : float
    rejections, n : int
        Studies that reject; studies that could be fitted.
    failed : int
        Studies that could not; they do not count.
    groups : dict of str to int
        Levels of the grouping factors.
    nobs : int
        Rows of a study.
    """

    coefficient: str
    effect: float | tuple[float, ...]
    test: str
    alpha: float
    rejections: int
    n: int
    failed: int
    groups: dict[str, int]
    nobs: int

    @property
    def power(self) -> float:
        """Share of the studies that reject."""
        return self.rejections / self.n if self.n else float("nan")

    @level_by_keyword
    def conf_int(self, *, level: float = 0.95) -> tuple[float, float]:
        """The Monte Carlo interval of the power, by Clopper and Pearson (exact)."""
        require_level(level)
        tail, x, n = 0.5 * (1.0 - level), self.rejections, self.n
        lower = float(betaincinv(x, n - x + 1, tail)) if x > 0 else 0.0
        upper = float(betaincinv(x + 1, n - x, 1.0 - tail)) if x < n else 1.0
        return lower, upper

    def __str__(self) -> str:
        lower, upper = self.conf_int()
        sizes = "".join(f", {name} {count:,}" for name, count in self.groups.items())
        failed = f"; {self.failed:,} could not be fitted" if self.failed else ""
        effects = self.effect if isinstance(self.effect, tuple) else (self.effect,)
        return (
            f"Power of {self.coefficient} = {', '.join(f'{v:.6g}' for v in effects)}: {self.power:.1%} "
            f"({lower:.1%} to {upper:.1%})\n"
            f"  test {self.test} at {self.alpha:g}, {self.n:,} simulated studies{failed}\n"
            f"  {self.nobs:,} rows{sizes}"
        )


def half_width(found: Power) -> float:
    """Return how far the interval extends to its longer side."""
    lower, upper = found.conf_int()
    return max(upper - found.power, found.power - lower) if found.n else 1.0
