"""Linear mixed-effects models: the rows are read once, everything after is free of their number."""
