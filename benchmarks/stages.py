"""The stages between a formula and an answer, each built once per process, so that a benchmark times one of
them alone.

Straight on the extension module: the public `ranef.Model` hides exactly the borders that are measured here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from ranef import _core
from ranef.cross_products import CrossProducts, cross_products
from ranef.design import Design, build_design

from benchmarks.problems import problem


@dataclass(frozen=True)
class Stages:
    """Design (n rows), its cross-products, the response's, and the REML problem over them."""

    design: Design
    cross: CrossProducts
    response: Any
    reml: Any


@functools.cache
def stages(name):
    """Every stage of a problem by name."""
    p = problem(name)
    design = build_design(p.formula, p.frame())
    cross = cross_products(design)
    return Stages(design, cross, cross.response(design.response), _core.Problem(cross.design, reml=True))
