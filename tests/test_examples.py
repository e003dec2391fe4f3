"""The scripts and the notebook of examples/ run as a visitor runs them, and are short."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
PROMISED = ("1771.4", "237733.8", "10,000 replicates", "percentile intervals", "What it took")


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
        assert all(promised in output for promised in PROMISED)
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 40


def test_first_block_of_the_readme(tmp_path):
    """From `import ranef` to model, bootstrap interval and picture, in under ten lines of code."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)[1]
    code = [line for line in block.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(code) < 10 and all(word in block for word in ("summary", "bootstrap", "conf_int", "plots"))
    script = tmp_path / "readme.py"
    script.write_text(f"import matplotlib\nmatplotlib.use('Agg')\n{block}", encoding="utf-8")
    assert "Linear mixed model fit by REML" in run(script, tmp_path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs_and_shows_its_pictures(path, monkeypatch):
    import matplotlib

    matplotlib.use("Agg")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    namespace = {"__name__": "__main__"}
    for cell in cells:
        exec(compile("".join(cell["source"]), path.name, "exec"), namespace)
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
    assert path.stat().st_size < 600_000
