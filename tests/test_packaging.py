"""What is handed out: what the build says when a library is missing, and a wheel on its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
THIS_PYTHON = f"cp{sys.version_info[0]}{sys.version_info[1]}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "word"), [("AMD", "AMD (SuiteSparse)"), ("BLAS", "BLAS, LAPACK")]
)
def test_missing_library_is_named_with_the_command_that_installs_it(package, word, tmp_path):
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("no cmake")
    hide = [
        f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON"
        for name in (package, "LAPACK")
        if name != "LAPACK" or package == "BLAS"
    ]
    command = [cmake, "-S", str(ROOT), "-B", str(tmp_path), "-DRANEF_BUILD_TESTS=OFF", *hide]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = " ".join(done.stderr.split())
    assert done.returncode != 0
    assert f"ranef needs these and cannot find them: {word}" in said
    assert "apt-get install libsuitesparse-dev libopenblas-dev" in said and "CMAKE_PREFIX_PATH" in said


@pytest.mark.slow
def test_missing_doctest_is_named_with_the_way_to_do_without(tmp_path):
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("no cmake")
    command = [cmake, "-S", str(ROOT), "-B", str(tmp_path), "-DRANEF_DOCTEST_INCLUDE_DIR=RANEF-NOTFOUND"]
    command += ["-DCMAKE_SYSTEM_IGNORE_PATH=/usr/include;/usr/local/include;/opt/homebrew/include"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = " ".join(done.stderr.split())
    assert done.returncode != 0
    assert "doctest (or configure with -DRANEF_BUILD_TESTS=OFF)" in said and "doctest-dev" in said


@pytest.mark.slow
def test_wheel_runs_without_the_libraries_of_the_system():
    wheels = sorted((ROOT / "dist").glob(f"*{THIS_PYTHON}-*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        pytest.skip("no wheel in dist/: `make wheel` builds and checks one")
    command = [sys.executable, str(ROOT / "tools" / "wheel.py"), "--check", str(wheels[-1])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fits and bootstraps on its own" in done.stdout
