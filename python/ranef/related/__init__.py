"""Random effects whose levels are related: pedigrees, kinship matrices, phylogenies."""

from .fit import RelatedFit, fit_related

__all__ = ["RelatedFit", "fit_related"]
