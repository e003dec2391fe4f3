"""Tests of the fixed effects: degrees of freedom, coefficients, linear hypotheses, analysis of variance."""
