"""What a fitted state says: fixed effects, variance components, modes, predictions, simulations."""
