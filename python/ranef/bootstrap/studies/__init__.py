"""Simulation to an end: likelihood-ratio tests, the exact test, power."""
