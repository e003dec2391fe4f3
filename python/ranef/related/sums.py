"""The sums of a model with relationship matrices: sparse where all are pedigrees, else dense."""

from __future__ import annotations

from ..arrays import FloatArray
from ..design import Design
from .dense import DenseSums
from .relationship import PedigreeRelationship, Relationship
from .sparse import SparseSums

RelatedSums = DenseSums | SparseSums


def related_sums(
    design: Design, columns: FloatArray, y: FloatArray, related: dict[str, Relationship], reml: bool
) -> RelatedSums:
    """Return the sums of a design with its columns of X that are kept and its response less the offset."""
    pedigrees = {group: one for group, one in related.items() if isinstance(one, PedigreeRelationship)}
    if len(pedigrees) == len(related):
        return SparseSums(design, columns, y, pedigrees, reml)
    return DenseSums(design, columns, y, related, reml)
