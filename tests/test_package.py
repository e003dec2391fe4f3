"""What `import ranef` offers, and what it says when the core is missing."""

import inspect
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


def test_what_is_heavy_is_not_loaded_before_the_first_table():
    heavy = ("pandas", "scipy", "multiprocessing", "logging", "ssl", "_hashlib")
    code = f"import sys, ranef; sys.exit(any(name in sys.modules for name in {heavy}))"
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


def test_modules_say_what_to_use_where_they_are_called():
    modules = [value for value in vars(ranef).values() if inspect.ismodule(value)]
    assert len(modules) > 20
    for module in modules:
        with pytest.raises(TypeError, match=rf"^{module.__name__} is a module"):
            module()


def test_bootstraps_need_no_numba():
    code = (
        "import sys\n"
        "sys.modules['numba'] = None\n"
        "import ranef\n"
        "fit = ranef.lmer('Yield ~ 1 + (1 | Batch)', ranef.datasets.load('Dyestuff'))\n"
        "assert len(fit.bootstrap(20, seed=1, progress=False)) == 20\n"
        "fit.bootstrap(3, seed=1, progress=False, statistic=lambda refit: refit.params)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
