"""
Coefficients of several models, with intervals
==============================================

Three models of the yield of oats: how the effect of nitrogen changes with what else is in the model.
"""

import ranef

oats = ranef.datasets.load("Oats")
parts = {"nitrogen": "nitro", "+ variety": "nitro + Variety", "interaction": "nitro * Variety"}
fits = [ranef.lmer(f"yield ~ {part} + (1 | Block/Variety)", oats) for part in parts.values()]
axis = ranef.plots.coefficients(*fits, names=list(parts))
