"""The exceptions of ranef: each names the column, level or argument at fault and says what would be right.

``RanefError`` is the root; most others are also ``ValueError``, so that ``except ValueError`` keeps
working; one is a ``MemoryError``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import wraps
from numbers import Real
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class RanefError(Exception):
    """Root of every exception ranef raises on purpose."""


class ArgumentError(RanefError, ValueError):
    """An argument has a value it cannot have (a negative ``n``, a bad ``seed``, an unknown method ...)."""


class DataError(RanefError, ValueError):
    """The data, or a file, cannot be used as asked: a column, a level, a row or a path is named.

    Attributes
    ----------
    replicates : BootstrapResult or None
        What a bootstrap had made when its file could not be written.
    """

    replicates: Any = None


class UnknownColumnError(DataError):
    """A name in the formula or in an argument is no column of the data."""


class NotInFitError(RanefError, AttributeError):
    """A kind of fit has no such answer: the message says why, and what it has instead."""


class NewLevelError(DataError):
    """New data hold a level the fit has not seen."""


class RowsNotKeptError(RanefError, RuntimeError):
    """An answer needs the rows of data that were read in batches, which are not in memory."""


class MemoryLimitError(RanefError, MemoryError):
    """More memory is needed than there is: the message has the size, what there is, and the remedy."""


class FitError(RanefError, RuntimeError):
    """The fit has no estimates: the criterion has no value where the optimiser ended."""


class FormulaError(RanefError, ValueError):
    """The formula text cannot be understood.

    Parameters
    ----------
    message : str
        What is wrong and what would be right.
    text : str, optional
        The formula, printed below the message.
    position : int, optional
        0-based index into ``text``; a caret is printed there.

    Examples
    --------
    >>> print(FormulaError("a term is missing after '+'", "y ~ x + ", 6))
    a term is missing after '+'
      y ~ x +
            ^
    """

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        super().__init__(message, text, position)
        self.message = message
        self.text = text
        self.position = position

    def __str__(self) -> str:
        if not self.text:
            return self.message
        if self.position is None:
            return f"{self.message}\n  {self.text.rstrip()}"
        start = self.text.rfind("\n", 0, self.position) + 1
        line = self.text[start:].split("\n", 1)[0].rstrip()
        # tabs keep their width in the line of the caret, so both lines stay aligned
        lead = "".join("\t" if char == "\t" else " " for char in self.text[start : self.position])
        return f"{self.message}\n  {line}\n  {lead}^"


def quote_list(names: Iterable[object], limit: int = 10) -> str:
    """Return ``'a', 'b', ...`` for a message, cut after `limit` names with a count of the rest.

    >>> quote_list(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    listed = [f"'{name}'" for name in names]
    if len(listed) <= limit:
        return ", ".join(listed)
    return f"{', '.join(listed[:limit])} and {len(listed) - limit} more"


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return a question for the known name nearest to one, nothing where none is near.

    >>> did_you_mean("sleepstdy", ["Rail", "sleepstudy"])
    " Did you mean 'sleepstudy'?"
    """
    by_lower = {one.lower(): one for one in reversed(known)}
    close = get_close_matches(name.lower(), list(by_lower), n=1)
    return f" Did you mean '{by_lower[close[0]]}'?" if close else ""


def unknown_column(
    name: str, columns: Iterable[str], where: str, data: str = "the data"
) -> UnknownColumnError:
    """Return the error for a `name` that is no column: with the closest match and the columns there are.

    name: what was asked for.
    columns: the columns there are.
    where: where the name comes from, such as ``"the formula"`` or ``"weights="``.
    data: what lacks the column: ``"the data"`` or ``"the new data"``.
    """
    known = [str(column) for column in columns]
    alike = [column for column in known if _same_letters(column) == _same_letters(name)]
    if alike:
        return UnknownColumnError(
            f"{where} uses the column '{name}'; {data} have one that only looks like it, {alike[0]!a} for "
            f"{name!a} (a blank at an end, or accents in another Unicode form): rename the column"
        )
    hint = did_you_mean(name, known)
    if where.endswith("=") and "(" in name:
        hint = " It takes the name of a column: add one with these values to the data."
    elif "[" in name and name.partition("[")[0].strip() in known:
        hint = " Values are given by at=, a dict of column -> values."
    return UnknownColumnError(
        f"{where} uses the column '{name}', which {data} do not have.{hint} Columns: {quote_list(known, 25)}."
    )


def _same_letters(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip()


def require_choice(argument: str, value: str, valid: Sequence[str]) -> None:
    """Raise an ArgumentError that lists the valid values."""
    if value not in valid:
        listed = ", ".join(f"'{name}'" for name in valid)
        raise ArgumentError(f"{argument}= must be one of {listed}, not {value!r}")


def require_flag(argument: str, value: Any) -> bool:
    """Return True or False, or raise an ArgumentError."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise ArgumentError(f"{argument}= must be True or False, not {value!r}")
    return bool(value)


def require_mapping(argument: str, value: Any) -> dict[str, Any]:
    """Return a dict, or raise an ArgumentError; None is an empty one."""
    given = {} if value is None else value
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise ArgumentError(f"{argument}= must be a dict of column -> value or values, not {value!r}")
    return dict(given)


def require_progress(progress: Any) -> None:
    """Raise an ArgumentError unless ``progress=`` is True, False or None."""
    if progress is not None:
        require_flag("progress", progress)


def require_positive(argument: str, value: Any) -> float:
    """Return a finite positive number, or raise an ArgumentError."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < float("inf"):
        raise ArgumentError(f"{argument}= must be positive, not {value!r}")
    return float(value)


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number, of any type of numbers."""
    return isinstance(value, Real) and not isinstance(value, bool) and value % 1 == 0  # type: ignore[operator]


def require_whole(argument: str, value: Any, least: int, most: int, of: str = "") -> int:
    """Return a whole number within its limits, or raise an ArgumentError."""
    if not is_whole(value) or not least <= value <= most:
        raise ArgumentError(f"{argument}= must be a whole number{of} from {least} to {most:,}, not {value!r}")
    return int(value)


def require_evaluations(value: Any) -> int:
    """Return a limit of evaluations, or raise an ArgumentError."""
    if not is_whole(value) or not 1 <= value < 2**31:
        raise ArgumentError(f"max_evaluations= must be a positive whole number, not {value!r}")
    return int(value)


def is_share(value: object) -> bool:
    """Whether a value is a number between 0 and 1, the ends left out."""
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < float(value) < 1


def require_level(level: object) -> None:
    """Raise an ArgumentError unless the level of an interval is a share between 0 and 1."""
    if not is_share(level):
        raise ArgumentError(f"level must be between 0 and 1, such as 0.95; got {level!r}")


def require_interval(
    interval: Any, level: float, kinds: Sequence[str] = ("confidence", "prediction")
) -> None:
    """Raise an ArgumentError for an unknown kind of interval, a level that is none, or one of no interval."""
    require_level(level)
    if interval is not None:
        require_choice("interval", interval, kinds)
    elif level != 0.95:
        listed = " or ".join(f"interval='{kind}'" for kind in kinds)
        raise ArgumentError(f"level= is that of an interval, and none is asked for: add {listed}")


def level_by_keyword(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse the level of an interval by position, and ``alpha=``, with what to write instead.

    ``conf_int(0.1)`` asks for 90 % in statsmodels and would be a 10 % interval here.
    """

    @wraps(function)
    def checked(*args: P.args, **options: P.kwargs) -> R:
        alpha = options.get("alpha")
        if alpha is not None:
            raise ArgumentError(f"there is no alpha=: give the coverage, level={_rest(alpha)}")
        given = args[1] if len(args) > 1 else None
        if isinstance(given, Real):
            raise ArgumentError(
                f"the coverage goes by keyword, level={given}; if {given} is statsmodels' alpha, "
                f"that is level={_rest(given)}"
            )
        return function(*args, **options)

    return checked


def _rest(share: Any) -> str:
    return f"{1 - float(share):.12g}" if is_share(share) else "0.95"
