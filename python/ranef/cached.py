"""Attributes that are computed once.

Before Python 3.12 `functools.cached_property` holds one lock for a class while it computes: threads wait for
each other, and a process forked meanwhile waits forever.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functools import cached_property
else:

    class cached_property(functools.cached_property):
        """A property whose value takes its place in the object; two threads may both compute it."""

        def __get__(self, owner: Any, kind: Any = None) -> Any:
            if owner is None:
                return self
            return owner.__dict__.setdefault(self.attrname, self.func(owner))
