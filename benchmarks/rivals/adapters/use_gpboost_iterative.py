"""GPBoost with its iterative methods for crossed factors; its likelihood is then a stochastic estimate."""

from benchmarks.rivals.adapters import use_gpboost

answer = use_gpboost.answer


def prepare(problem, frame):
    return use_gpboost.prepare(problem, frame, "iterative")
