"""Build the source distribution and prove that it is whole: `python tools/sdist.py`.

    sdist.py            build into dist/, look that no file of the checkout is missing, install from it into
                        an empty environment and run the tests of its own tree there
    sdist.py --files    build and look
    sdist.py -- ARGS    with these arguments of pytest, such as `-- tests/formula`
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
# What is of the repository, not of the package.
LEFT_OUT = (".ci/", ".github/", ".gitignore", ".pre-commit-config.yaml")


def run(*command: object, cwd: Path = ROOT) -> None:
    """Run a command; a failure ends the program."""
    subprocess.run([str(part) for part in command], check=True, cwd=cwd)


def build() -> Path:
    """Return the source distribution, made anew."""
    for old in DIST.glob("ranef-*.tar.gz"):
        old.unlink()
    run(sys.executable, "-m", "build", "--sdist", "--outdir", DIST, ROOT)
    return next(DIST.glob("ranef-*.tar.gz"))


def missing(archive: Path) -> list[str]:
    """Return the files under version control that are not in it."""
    with tarfile.open(archive) as opened:
        inside = {name.partition("/")[2] for name in opened.getnames()}
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT)
    wanted = [name for name in tracked.stdout.split("\n") if not name.startswith(LEFT_OUT)]
    return [name for name in wanted if name and name not in inside]


def check(archive: Path, arguments: list[str]) -> None:
    """Install from it into an empty environment, and run its tests in its own tree."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as opened:
            opened.extractall(folder)
        tree = next(Path(folder).iterdir())
        venv.create(Path(folder, "env"), with_pip=True)
        python = Path(folder, "env", "Scripts" if sys.platform == "win32" else "bin", "python")
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{archive}[test,plots]")
        run(python, "-m", "pytest", "-q", *arguments, cwd=tree)


def main() -> None:
    """Build, look, and unless told otherwise test."""
    archive = build()
    if lost := missing(archive):
        raise SystemExit(f"not in {archive.name}: {', '.join(lost)}")
    print(f"sdist: {archive.name} ({archive.stat().st_size / 1e6:.1f} MB) has every file of the checkout")
    if "--files" not in sys.argv:
        after = sys.argv.index("--") + 1 if "--" in sys.argv else len(sys.argv)
        check(archive, sys.argv[after:] or ["-m", "not slow and not study", "tests"])
        print("sdist: installed from it, its tests pass in its own tree")


if __name__ == "__main__":
    main()
