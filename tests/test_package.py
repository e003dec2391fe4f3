"""What `import ranef` offers, and what it says when the core is missing."""

import subprocess
import sys

import pytest
import ranef


def test_everything_listed_is_there():
    for name in ranef.__all__:
        assert getattr(ranef, name) is not None
    assert set(dir(ranef)) == set(ranef.__all__)


def test_unknown_name():
    with pytest.raises(AttributeError, match="ranef has no 'lmerr': perhaps 'lmer'"):
        _ = ranef.lmerr


def test_pandas_is_loaded_with_the_first_table_only():
    code = "import sys, ranef; sys.exit(any(name in sys.modules for name in ('pandas', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_missing_core_is_explained():
    code = (
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'ranef._core': raise ImportError('blocked')\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "import ranef\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert "ranef's compiled core cannot be loaded (blocked)" in answer.stderr
    assert "pip install" in answer.stderr
