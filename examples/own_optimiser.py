"""The criterion and its exact gradient, for those who bring an optimiser of their own."""

import ranef
from scipy.optimize import minimize

model = ranef.Model("strength ~ 1 + (1 | batch / cask)", ranef.datasets.load("Pastes"))
print(model, "with theta =", ", ".join(model.theta_names))

found = minimize(model.objective, [1.0, 1.0], jac=model.gradient, method="L-BFGS-B")
ours = model.fit()
print(f"L-BFGS-B {found.fun:.6f} after {found.nfev} evaluations")
print(f"newton   {ours.objective:.6f} after {ours.optimum.evaluations} evaluations")

print("\nAll that are built in, from the same start:\n")
print(ranef.allfit(ours))
