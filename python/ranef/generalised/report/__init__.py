"""A generalised fit as text and as tidy tables."""
