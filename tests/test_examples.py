"""The scripts of examples/ run as a visitor runs them, and are short."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def run(script, folder):
    """What the script prints; it must succeed."""
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.name)
def test_script_runs_and_is_short(script, tmp_path):
    output = run(script, tmp_path)
    for path in [word for word in output.split() if word.endswith(".png")]:
        assert (tmp_path / path).stat().st_size > 10_000
    if script.name == "demo.py":
        for promised in ("1771.4", "237733.8", "10,000 replicates", "percentile intervals", "What it took"):
            assert promised in output
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 60
