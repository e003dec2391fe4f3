"""Crossed factors of very many levels: everything by iterations, with the Monte Carlo error stated."""

from .fit import IterativeFit, fit_by_iterations
from .settings import Iterations

__all__ = ["Iterations", "IterativeFit", "fit_by_iterations"]
