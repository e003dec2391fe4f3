"""Are the oldest versions that pyproject.toml declares enough? `python tools/floors.py FOLDER`.

Makes an environment in FOLDER with exactly those versions, of the Python that runs this, puts the package and
its compiled core on its path, and runs `floor_checks.py` there. Packages are fetched: a few minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import tomllib

ROOT = Path(__file__).parents[1]


def floors() -> list[str]:
    """Requirements of the package and of what the checks use, at their least versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["plots"], *extras["parquet"], *extras["test"]]
    least = {}
    for text in asked:
        found = re.match(r"([\w-]+)>=([\d.]+)", text)
        if found and not found[1].startswith(("pytest", "hypothesis", "psutil", "mpmath", "distributed")):
            least[found[1]] = found[2]
    return [f"{name}=={version}" for name, version in least.items()]


def main(folder: Path) -> int:
    import ranef

    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", *floors()], check=True)
    place = folder / "site" / "ranef"
    shutil.copytree(ROOT / "python" / "ranef", place, dirs_exist_ok=True)
    shutil.copy2(ranef._core.__file__, place)
    environment = os.environ | {"PYTHONPATH": str(folder / "site")}
    print(*floors(), sep="\n", flush=True)
    checks = [python, ROOT / "tools" / "floor_checks.py"]
    return subprocess.run(checks, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
