"""The user's own statistic: a Numba-compiled function called from the loop by its address, without the GIL.

A compiled statistic names as its arguments the parts of a record that it wants, of ``coefficients``, ``se``,
``theta``, ``modes`` (arrays), ``sigma`` and ``objective`` (numbers), and returns a number, a tuple of numbers
or an array of a fixed size. Only a small wrapper is compiled for it, and Numba is loaded for it alone.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...errors import ArgumentError, quote_list
from ...estimates.parameters import ParameterNames
from ...fit import Fit
from .record import STATISTIC_FAILED, STATISTIC_SHAPE, RecordLayout, fit_record, record_layout

ARGUMENTS = ("coefficients", "se", "sigma", "theta", "modes", "objective")
_NUMBERS = ("sigma", "objective")
_ALSO = ("objective", "evaluations", "singular", "converged", "failed")  # columns beside the parameters


@dataclass(frozen=True, eq=False)
class CompiledStatistic:
    """A statistic that the loop can call."""

    function: Callable[..., Any]  # the user's
    names: tuple[str, ...]  # of its values
    estimate: np.ndarray  # its values at the fit
    address: int  # of ``int f(const double* record, double* values)``
    wants_modes: bool
    wrapper: object  # keeps the compiled code alive

    @property
    def n_values(self) -> int:
        """Numbers it gives."""
        return len(self.names)


def is_compiled(statistic: Any) -> bool:
    """Whether a statistic is a Numba function."""
    dispatchers = sys.modules.get("numba.core.dispatcher")  # whoever has such a function has loaded Numba
    return dispatchers is not None and isinstance(statistic, dispatchers.Dispatcher)


def compiled_for(fit: Fit, statistic: Any, modes: bool = False) -> CompiledStatistic:
    """Make a Numba function of a fit's refits callable from the loop, see `compile_statistic`.

    modes: whether records have the conditional modes even if it does not want them.
    """
    names, modes = ParameterNames.of(fit.model), modes or wants_modes(statistic)
    taken = (*names.all, *names.errors, *map(names.free, _ALSO))
    return compile_statistic(statistic, record_layout(fit.model, modes), fit_record(fit, modes), taken)


def compile_statistic(
    statistic: Any, layout: RecordLayout, record: np.ndarray, taken: Container[str] = ()
) -> CompiledStatistic:
    """Make a Numba function callable from the loop.

    layout: of the records, with conditional modes if it `wants_modes`.
    record: the fit's own.
    taken: names that its values cannot have.
    Raises ArgumentError if it cannot be compiled, or fails on the fit itself.
    """
    from numba.core.errors import NumbaError

    wanted = wanted_parts(statistic)
    try:
        _require_bounds(statistic, pick(record, layout, wanted))
        estimate = statistic(*pick(record, layout, wanted))
    except NumbaError as error:
        raise ArgumentError(f"statistic= cannot be compiled: {error}") from None
    except Exception as error:
        raise ArgumentError(f"statistic= fails on the fit itself: {type(error).__name__}: {error}") from error
    values = values_of(estimate)
    kind = next((kind for kind in (tuple, np.ndarray) if isinstance(estimate, kind)), float)
    wrapper = _wrapper(statistic, layout, wanted, kind, len(values))
    names = value_names(statistic, estimate, taken)
    return CompiledStatistic(statistic, names, values, wrapper.address, wants_modes(statistic), wrapper)


def _require_bounds(statistic: Any, parts: list[Any]) -> None:
    """Compiled code does not look where an array ends; the same code in Python does."""
    try:
        statistic.py_func(*parts)
    except Exception as error:  # of anything else the compiled function itself says what is wrong
        if isinstance(error, IndexError):
            raise


def values_of(result: Any) -> np.ndarray:
    """A statistic's result as numbers, (k,).

    Raises ArgumentError if it has no numbers.
    """
    try:
        numbers = list(result.values()) if isinstance(result, dict) else result
        values = np.atleast_1d(np.asarray(numbers, dtype=float)).ravel()
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.size == 0:
        raise ArgumentError(
            f"statistic= must return a number, numbers by name, a tuple or an array of them; got {result!r}"
        )
    return values


def value_names(statistic: Callable[..., Any], result: Any, taken: Container[str] = ()) -> tuple[str, ...]:
    """Names of a statistic's values: the function's, numbered if there are several; a dict's or Series' own.

    Those that are ``taken`` become ``statistic[name]``.
    """
    names = _own_names(statistic, result)
    return tuple(f"statistic[{name}]" if name in taken else name for name in names)


def _own_names(statistic: Callable[..., Any], result: Any) -> tuple[str, ...]:
    if hasattr(result, "keys"):
        return tuple(map(str, result.keys()))
    name = getattr(statistic, "__name__", "statistic")
    name = "statistic" if name == "<lambda>" else name
    count = values_of(result).size
    return (name,) if count == 1 else tuple(f"{name}{i + 1}" for i in range(count))


def wanted_parts(statistic: Any) -> tuple[str, ...]:
    """The parts of a record that a compiled statistic names as its arguments."""
    names = tuple(inspect.signature(statistic.py_func).parameters)
    unknown = [name for name in names if name not in ARGUMENTS]
    if unknown or not names:
        raise ArgumentError(
            f"a compiled statistic= names what it wants, arguments of {quote_list(ARGUMENTS)}; "
            f"it has {quote_list(unknown or names) or 'none'}"
        )
    return names


def wants_modes(statistic: Any) -> bool:
    """Whether a compiled statistic is one of the conditional modes."""
    return "modes" in wanted_parts(statistic)


def pick(record: np.ndarray, layout: RecordLayout, wanted: tuple[str, ...]) -> list[Any]:
    """Those parts of a record."""
    parts = layout.parts()
    return [record[parts[name].start] if name in _NUMBERS else record[parts[name]] for name in wanted]


@lru_cache(maxsize=8)
def _wrapper(statistic: Any, layout: RecordLayout, wanted: tuple[str, ...], kind: type, count: int) -> Any:
    """The C function: where the parts are is known when it is compiled, once for a run in slices."""
    from numba import carray, cfunc, types
    from numba.core.errors import NumbaError

    parts = layout.parts()
    given = ", ".join(
        f"record[{parts[name].start}]"
        if name in _NUMBERS
        else f"record[{parts[name].start}:{parts[name].stop}]"
        for name in wanted
    )
    if kind is tuple:
        store = "".join(f"\n    values[{i}] = result[{i}]" for i in range(count))
    elif kind is np.ndarray:
        store = (
            f"\n    if result.size != {count}:\n        return {STATISTIC_SHAPE}"
            f"\n    flat = result.flatten()\n    for i in range({count}):\n        values[i] = flat[i]"
        )
    else:
        store = "\n    values[0] = result"
    source = (
        "def call(record_address, values_address):"
        f"\n    record = carray(record_address, {layout.size})"
        f"\n    values = carray(values_address, {count})"
        f"\n    try:\n        result = statistic({given})"
        f"\n    except Exception:\n        return {STATISTIC_FAILED}{store}\n    return 0\n"
    )
    scope: dict[str, Any] = {"carray": carray, "statistic": statistic}
    exec(source, scope)
    try:
        numbers = types.CPointer(types.float64)
        return cfunc(types.int32(numbers, numbers))(scope["call"])
    except NumbaError as error:
        raise ArgumentError(f"statistic= cannot be compiled into the loop: {error}") from None
