"""Covariances, tests, intervals, profiles and shares of variance of a generalised fit."""
