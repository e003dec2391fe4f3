"""The structures of a model's random terms, by their names in a formula, and all of them side by side.

Names and defaults are those of lme4 2.0 (us, diag, cs, ar1) and glmmTMB (toep, rr, and the prefixes hom,
het): a variance per column by default for diag, cs and toep, one variance for ar1; ``hom=`` says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..errors import FormulaError
from ..formula import STRUCTURES, Structure
from .reduced_rank import Free, ReducedRank
from .scaled import Scaled
from .term_map import TermMap

# name -> (kind of correlation, one variance by default)
KINDS = {
    "diag": ("diag", False),
    "diagh": ("diag", False),
    "homdiag": ("diag", True),
    "cs": ("cs", False),
    "csh": ("cs", False),
    "homcs": ("cs", True),
    "ar1": ("ar1", True),
    "ar1h": ("ar1", False),
    "hetar1": ("ar1", False),
    "toep": ("toep", False),
    "toeph": ("toep", False),
}


def term_map(structure: Structure | None, columns: tuple[str, ...], text: str) -> TermMap:
    """Return the map of a term.

    Raises FormulaError for a structure that is not built, an unknown option, or a rank that is none.
    """
    if structure is None or structure.name == "us":
        if structure is not None and structure.options:
            raise FormulaError("us() takes no options", text, structure.position)
        return Free(columns)
    options = dict(structure.options)
    if structure.name == "rr":
        rank = options.pop("d", 2)
        if options or not isinstance(rank, int) or not 1 <= rank <= len(columns):
            raise FormulaError(
                f"rr() takes d=, a rank from 1 to the number of its columns ({len(columns)})",
                text,
                structure.position,
            )
        return ReducedRank(columns, rank)
    if structure.name not in KINDS:
        built = ", ".join(["us", "rr", "exp", *KINDS])
        raise FormulaError(
            f"the covariance structure {structure.name}() ({STRUCTURES[structure.name]}) is not available "
            f"for random terms. Available are {built}",
            text,
            structure.position,
        )
    kind, hom = KINDS[structure.name]
    hom = options.pop("hom", hom)  # type: ignore[assignment]
    if options or not isinstance(hom, bool):
        raise FormulaError(f"{structure.name}() takes hom=True or hom=False", text, structure.position)
    if len(columns) < 2 and kind != "diag":
        raise FormulaError(
            f"{structure.name}() of one column has no correlation: write (x | g)", text, structure.position
        )
    return Scaled(columns, kind, hom)


@dataclass(frozen=True, eq=False)
class Structured:
    """All terms of a model side by side."""

    maps: tuple[TermMap, ...]

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(one.size for one in self.maps)

    def parts(self, psi: FloatArray) -> list[FloatArray]:
        """Cut psi by terms."""
        return np.split(psi, np.cumsum([one.size for one in self.maps])[:-1])

    def theta(self, psi: FloatArray) -> FloatArray:
        """Return theta of the model."""
        return np.concatenate([one.theta(part) for one, part in zip(self.maps, self.parts(psi), strict=True)])

    def jacobian(self, psi: FloatArray) -> FloatArray:
        """Return d theta / d psi, block diagonal."""
        blocks = [one.jacobian(part) for one, part in zip(self.maps, self.parts(psi), strict=True)]
        out = np.zeros((sum(len(block) for block in blocks), self.size))
        row = column = 0
        for block in blocks:
            out[row : row + block.shape[0], column : column + block.shape[1]] = block
            row, column = row + block.shape[0], column + block.shape[1]
        return out

    def starts(self, covariances: list[FloatArray | None]) -> list[FloatArray]:
        """Return starts of all terms together."""
        each = [one.starts(matrix) for one, matrix in zip(self.maps, covariances, strict=True)]
        count = max(len(own) for own in each)
        return [np.concatenate([own[min(k, len(own) - 1)] for own in each]) for k in range(count)]

    def ranges(self) -> FloatArray:
        """Return the ranges of all parameters, (size, 4)."""
        return np.array([own for one in self.maps for own in one.ranges()])

    def nothing(self) -> FloatArray:
        """Return parameters that stand for no variances, and for the middle of what else there is."""
        least, most, _, _ = self.ranges().T
        return np.where(np.isfinite(least) & np.isinf(most), least, 0.0)

    def inside(self, psi: FloatArray, near: float = 1.0) -> FloatArray:
        """Return parameters near these from which a search can move: at their limits nothing does."""
        _, _, low, high = self.ranges().T
        return np.clip(psi, near * low, near * high)

    def deficient(self, psi: FloatArray) -> bool:
        """Whether some covariance is singular where no parameter is at a limit."""
        return any(one.deficient(part) for one, part in zip(self.maps, self.parts(psi), strict=True))
