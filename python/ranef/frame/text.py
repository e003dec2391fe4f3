"""Any text -> factor codes and levels: the core reads Arrow's memory, without pyarrow pandas codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from .factors import Codes, Levels, code_values, sort_levels


def code_text(values: npt.NDArray[Any]) -> tuple[Codes, Levels]:
    """Code an array of text, missing values among it."""
    try:
        import pyarrow as pa

        text = pa.array(values, from_pandas=True)
        if isinstance(text, pa.Array) and pa.types.is_string(text.type):
            return code_arrow_text(text)
    except (ImportError, ValueError, TypeError, NotImplementedError):  # no pyarrow, or not only text
        pass
    return code_values(values if values.dtype == object else values.astype(object))


def arrow_dictionary(values: Any) -> tuple[Codes, Levels]:
    """Return codes and levels of a pyarrow Array of a dictionary, as it has them."""
    import pyarrow as pa

    codes = values.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    return codes, values.dictionary.to_numpy(zero_copy_only=False)


def code_arrow_text(values: Any) -> tuple[Codes, Levels]:
    """Code a pyarrow Array of text, or a dictionary of text whose order means nothing."""
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        return sort_levels(*arrow_dictionary(values))
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        values = values.cast(pa.large_string())
    valid, offsets, text = values.buffers()
    kind = np.int32 if pa.types.is_string(values.type) else np.int64
    first, n = values.offset, len(values)
    starts: npt.NDArray[Any] = np.frombuffer(offsets, kind)[first : first + n + 1] if n else np.zeros(1, kind)
    codes, rows = _core.code_text(
        starts,
        np.zeros(0, np.uint8) if text is None else np.frombuffer(text, np.uint8),
        None if values.null_count == 0 else np.frombuffer(valid, np.uint8),
        first,
    )
    return codes, values.take(pa.array(rows)).to_numpy(zero_copy_only=False)
