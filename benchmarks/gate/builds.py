"""Work trees of two commits under build/gate, each built into a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = ROOT / "build" / "gate"


def commit_of(ref):
    """The full name of a commit; ValueError when there is none of that name."""
    call = ["git", "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"git knows no commit '{ref}': give a branch, tag or hash")
    return done.stdout.strip()


def build(ref):
    """Build a commit, once; returns the folder to put on PYTHONPATH."""
    commit = commit_of(ref)
    place = HOME / commit[:12]
    site = place / "site"
    if (place / "built").exists():
        return site
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    git("worktree", "prune")
    git("worktree", "add", "--detach", "--force", str(place / "tree"), commit)
    try:
        print(f"building {ref} ({commit[:12]})", flush=True)
        install(place / "tree", site)
    finally:
        git("worktree", "remove", "--force", str(place / "tree"))
    (place / "built").touch()
    return site


def install(tree, site):
    """The package of a work tree into a folder, with the compiler settings of tools/setup.sh."""
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    options = ["--no-build-isolation", "--no-deps", "--target", str(site), str(tree)]
    native = os.environ.get("RANEF_NATIVE", "ON")
    tools = str(Path(sys.executable).parent)  # where pip's cmake and ninja are, if any
    environ = os.environ | {
        "SKBUILD_CMAKE_DEFINE": f"RANEF_NATIVE={native}",
        "PATH": os.pathsep.join([tools, os.environ.get("PATH", "")]),
    }
    subprocess.run([*pip, *options], env=environ, check=True)


def git(*arguments):
    subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True)
