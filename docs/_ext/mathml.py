"""Formulas as MathML, which browsers draw by themselves: docutils translates, Sphinx only has to be told."""

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml


def inline(translator, node):
    """Write a formula within a line."""
    translator.body.append(tex2mathml(node.astext()))
    raise SkipNode


def block(translator, node):
    """Write a formula of its own."""
    translator.body.append(f'<div class="math">{tex2mathml(node.astext().strip(), as_block=True)}</div>\n')
    raise SkipNode


def setup(app):
    """Offer the renderer to `html_math_renderer`."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
