"""Formula and data -> the arrays of a model, and what was learned on the way."""

from .build import build_design
from .design import Design
from .functions import Functions, with_functions
from .model_matrix import ModelMatrix
from .spec import DesignSpec
from .types import GroupingFactor, NewRows, RandomTerm

__all__ = [
    "Design",
    "DesignSpec",
    "Functions",
    "GroupingFactor",
    "ModelMatrix",
    "NewRows",
    "RandomTerm",
    "build_design",
    "with_functions",
]
