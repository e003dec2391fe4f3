"""A second linear predictor beside that of the mean: its formula, its coefficients, their tables."""
