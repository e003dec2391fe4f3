"""Speed, stage by stage, and lme4 on the same problems in the same run: `make bench` (see `__main__`)."""

import sys
from pathlib import Path

# The classic data sets and lme4's answers to them live with the tests.
_TESTS = str(Path(__file__).parent.parent / "tests")
if _TESTS not in sys.path:
    sys.path.insert(0, _TESTS)
