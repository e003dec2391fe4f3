"""Counts with more zeros than their family has: a second linear predictor, of zeros that are no counts."""
