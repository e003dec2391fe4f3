"""A dispersion with a linear predictor of its own: model, fit, and the methods that differ."""
