"""Different rows as sums: added up from batches or by an engine, then fitted."""
