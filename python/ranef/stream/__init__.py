"""Data that do not fit in memory: read batch by batch into cross-products, never together.

Most formulas need one reading (`ranef.sufficient`), others what is here. The first reading surveys: levels,
missing values, means and ranges (`survey`). From that the design is learned as from a table (`learning`). The
last reading adds the batches up in fixed coordinates (`summing`); a formula that computes something from its
columns is measured in a reading of its own in between.
"""

from .recognise import source_of
from .source import Batches, batches
from .summing import Streamed, read_stream

__all__ = ["Batches", "Streamed", "batches", "read_stream", "source_of"]
