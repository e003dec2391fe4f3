"""Models for repeated measures: a linear model with a covariance matrix over visits."""

from .covariance import VisitCovariance
from .fit import VisitFit
from .model import VisitModel
from .plan import VisitPlan
from .verb import mmrm

__all__ = ["VisitCovariance", "VisitFit", "VisitModel", "VisitPlan", "mmrm"]
