"""Sufficient statistics that travel: sums of a part of the data, made where it is, added up, kept, fitted.

Rows become sums of products of columns that know no contrasts and no reference level (`products`, `adding`);
such sums are arrays with a linear algebra of their own (`table`), so that parts with other levels and other
origins can be added up (`merging`), written as bytes (`files`), and turned into the design and the core's
cross-products of a model (`finishing`, `core_state`). Of a generalised model rows that are alike are merged
(`cells`).
"""

from .cells import CellSums
from .files import load_sums
from .making import sums
from .merging import merge
from .sql import sums_sql
from .sums import Sums

__all__ = ["CellSums", "Sums", "load_sums", "merge", "sums", "sums_sql"]
