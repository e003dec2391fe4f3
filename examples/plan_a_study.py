"""How many subjects does the next study need? Power by simulation from a pilot fit."""

import ranef

pilot = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))

print("Suppose the effect is a third of the pilot's:\n")
effect = pilot.params["Days"] / 3
print(ranef.power(pilot, "Days", effect=effect, n=500, seed=1, progress=False))

print("\nMore subjects help, more days hardly:\n")
curve = ranef.power_curve(pilot, "Days", effect=effect, groups=[10, 20, 40], n=500, seed=1, progress=False)
print(curve)
