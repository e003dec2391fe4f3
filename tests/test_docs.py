"""Every Python example of README.md and docs/ runs, and prints what it says it prints."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COLUMN = 118  # characters of code beside the navigation, 1280 pixels wide
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def short(path):
    return str(path.relative_to(ROOT)).removeprefix("docs/")


def examples(page):
    """(line of the page, code) of every Python block."""
    text = page.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        yield text.count("\n", 0, match.start(1)), match[1]


@pytest.mark.parametrize("page", [page for page in PAGES if any(examples(page))], ids=short)
def test_examples_run(page, tmp_path, monkeypatch):
    """The blocks of a page share their names, as a reader would type them one after another."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=OPTIONS)
    reports = []
    for line, code in examples(page):
        if ">>>" not in code:
            exec(compile("\n" * line + code, page.name, "exec"), names)
            continue
        test = parser.get_doctest(code, names, page.name, str(page), line)
        runner.run(test, out=reports.append, clear_globs=False)
        names.update(test.globs)
    assert not reports, "\n".join(reports)


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    missing = [target for target in LINK.findall(text) if not (page.parent / target).exists()]
    assert not missing, f"{page.name}: {missing}"


@pytest.mark.parametrize("page", PAGES[1:], ids=short)
def test_code_fits_the_column_of_a_screen(page):
    blocks = re.findall(r"^```(?!\{)[^\n]*\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    wide = [line for block in blocks for line in block.splitlines() if len(line) > COLUMN]
    assert not wide, "\n".join(wide)
