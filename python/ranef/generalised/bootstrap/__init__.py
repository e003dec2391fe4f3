"""Responses drawn from a generalised fit and refitted: the bootstrap, ratio tests, power."""
