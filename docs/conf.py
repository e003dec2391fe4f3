"""Sphinx: `make docs`, or `python -m sphinx -W docs build/docs`. No network is needed."""

import pydoc
import sys
from inspect import getattr_static
from pathlib import Path

import ranef

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "ranef"
author = "ranef developers"
copyright = "ranef developers, BSD-3-Clause"
version = release = ranef.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "pictures",  # what a page's examples draw stands below them
    "kinds",  # what works on which fit
    "mathml",  # formulas as MathML: no script, no font to fetch
]
exclude_patterns = ["_ext", "_pictures", "gallery"]
default_role = "autolink"
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(?!ranef).*"),  # numpydoc's types ("array of float") are prose, not cross-references
    # modules of the source, named in docstrings
    (r"py:obj", r"ranef\.bootstrap\.([a-z]+\.(extend|intervals|origin|route)|responses)\b.*"),
]

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say what the types are
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "_gallery",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_",),
    "min_reported_time": 1_000_000,  # seconds on whatever machine built the pages say nothing
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
}

copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"ranef {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0060a0", "color-brand-content": "#0060a0"},
    "dark_css_variables": {"color-brand-primary": "#6cb6e8", "color-brand-content": "#6cb6e8"},
}
html_math_renderer = "mathml"
templates_path = ["_templates"]


def _without_constructor(app, what, name, obj, options, signature, returned):
    """Results are not made by hand: a class without Parameters is shown without its arguments."""
    return ("", None) if what == "class" and "Parameters\n" not in (obj.__doc__ or "") else None


def _hidden(app, what, name, obj, skip, options):
    """What only the package asks of a fit, and what a fit refuses, is left out, as ``dir()`` does."""
    of = app.env.temp_data
    owner = pydoc.locate(f"{of.get('autodoc:module')}.{of.get('autodoc:class')}")
    return True if not getattr(getattr_static(owner, name, None), "shown", True) else None


def setup(app):
    app.connect("autodoc-process-signature", _without_constructor)
    app.connect("autodoc-skip-member", _hidden)
