"""The documentation site: every page is listed, every name has an entry, it builds offline."""

import pydoc
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import ranef

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {
    str(path.relative_to(DOCS).with_suffix(""))
    for suffix in ("md", "rst")
    for path in DOCS.rglob(f"*.{suffix}")
    if not path.relative_to(DOCS).parts[0].startswith("_") and path.parent.name != "gallery"
}
ABOUT_THE_SOURCE = (DOCS / "tour.md", DOCS / "design.md", DOCS.parent / "CONTRIBUTING.md")
SOURCE = ("python", "cpp", "tests", "docs", "benchmarks", "tools")
FOLDERS = ("python/ranef", "cpp/ranef", "cpp", "tests")  # whose own folders are named
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```|^\.\. toctree::\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
FETCHED = re.compile(r"""(?:<(?:script|img|link)[^>]*?(?:src|href)=["'](?:https?:)?//[^"']+)""")


def listed():
    """Every page named in a table of contents."""
    for page in PAGES:
        (path,) = DOCS.glob(f"{page}.*")
        for match in TOCTREE.finditer(path.read_text(encoding="utf-8")):
            for line in (match[1] or match[2]).splitlines():
                entry = line.strip()
                if entry and not entry.startswith(":"):
                    yield str(Path(page).parent / entry)


def test_every_page_is_in_a_table_of_contents():
    orphans = PAGES - set(listed()) - {"index"}
    assert not orphans, f"add these to a toctree: {sorted(orphans)}"


def test_every_public_name_has_its_entry_and_every_entry_its_name():
    """In docs/api; classes and functions by name, modules that are listed whole by their name."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "api").glob("*.rst"))
    entries = re.findall(r"^\.\. auto\w+:: (\S+)$", text, re.MULTILINE)
    assert [name for name in entries if not any(map(pydoc.locate, (name, f"ranef.{name}")))] == []
    missing = [
        name
        for name in ranef.__all__
        if not name.startswith("_") and not re.search(rf":: (ranef\.)?(errors|{name})$", text, re.MULTILINE)
    ]
    assert not missing, missing


def test_the_tour_is_of_this_tree():
    """Every file the pages about the source name exists, and every folder of the source is named."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in ABOUT_THE_SOURCE)
    root = DOCS.parent
    tree = {f"/{path.relative_to(root).as_posix()}" for top in SOURCE for path in (root / top).rglob("*")}
    tree |= {f"/{top}" for top in SOURCE}
    names = set(re.findall(r"`([\w./]+(?:\.(?:py|cpp|hpp|h|R|sh)|/))`", text))
    missing = [name for name in names if not any(path.endswith(f"/{name.rstrip('/')}") for path in tree)]
    assert len(names) > 80 and not missing, missing
    folders = {path.name for top in FOLDERS for path in (root / top).iterdir() if path.is_dir()}
    unnamed = [name for name in folders if name[0] not in "._" and not re.search(rf"\b{name}\b", text)]
    assert not unnamed, unnamed


@pytest.mark.slow
def test_the_site(tmp_path):
    """It builds without a warning, has every page and name, and fetches nothing; one test, for one build.

    From a copy of docs/: the gallery writes into its source. Its scripts do not run: `plots/test_gallery.py`
    runs them, and looks at their figures.
    """
    pytest.importorskip("sphinx", reason="tools/setup.sh test installs it, for the test that builds the site")
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("_gallery", "_pictures"))
    strictly = ["-W", "--keep-going", "-q", "-D", "plot_gallery=0"]
    site = tmp_path / "html"
    command = [sys.executable, "-m", "sphinx", *strictly, str(tmp_path / "docs"), str(site)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all((site / f"{page}.html").exists() for page in PAGES)
    assert not names_without_entry(site)
    pages = site.rglob("*.html")
    remote = {match for page in pages for match in FETCHED.findall(page.read_text(encoding="utf-8"))}
    assert not remote, remote


def names_without_entry(site):
    """The public names that the index of a built site does not have."""
    _, _, _, _, packed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    known = {line.split()[0] for line in zlib.decompress(packed).decode().splitlines()}
    names = [name for name in ranef.__all__ if not name.startswith("_")]
    names += [f"plots.{name}" for name in ranef.plots.__all__]
    names += [f"lme4.{name}" for name in ranef.lme4.__all__ if name not in ("lmer", "lmList")]
    return [name for name in names if not {f"ranef.{name}", f"ranef.errors.{name}"} & known]
