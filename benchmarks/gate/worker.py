"""Times cases in the process of one build: `python -m benchmarks.gate.worker ROUNDS [name ...]`.

The build comes first on PYTHONPATH. Prints one JSON object: case -> seconds a call of every timing; a case
that this build cannot run is absent and its reason goes to standard error.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import warnings

from benchmarks.gate.cases import CASES


def timings(case, rounds):
    """Seconds a call, `rounds` times after a warm-up."""
    call = case.prepare()
    call()
    gc.collect()
    gc.disable()
    try:
        return [timing(call, case.calls) for _ in range(rounds)]
    finally:
        gc.enable()


def timing(call, count):
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count


def forget_editable_installs():
    """An editable install finds its package before PYTHONPATH does; not here."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if "Redirecting" not in type(finder).__name__]


def main(rounds, names):
    forget_editable_installs()
    warnings.simplefilter("ignore")
    found = {}
    for case in CASES:
        if names and case.name not in names:
            continue
        try:
            found[case.name] = timings(case, int(rounds))
        except (AttributeError, TypeError) as error:  # a version without that function or argument
            print(f"{case.name}: {error}", file=sys.stderr)
    import ranef

    print(json.dumps({"where": ranef.__file__, "seconds": found}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
