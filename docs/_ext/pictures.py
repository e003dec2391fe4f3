"""The pictures that a page's examples draw, shown below the example that draws them.

The Python blocks of a page run one after another in one namespace, as a reader would type them (and as
`tests/test_docs.py` runs them). What a block leaves open in matplotlib is saved and shown. Pages that draw
nothing are not run.
"""

import doctest
import re
import warnings
from contextlib import nullcontext, redirect_stderr, redirect_stdout, suppress
from io import StringIO
from itertools import count
from pathlib import Path

FOLDER = "_pictures"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def add_pictures(app, docname, source):
    """Replace the text of a page by the text with its pictures."""
    if not any("ranef.plots." in block or "plt." in block for block in BLOCK.findall(source[0])):
        return
    import matplotlib

    matplotlib.use("Agg")
    names, numbers = {"__name__": "__main__"}, count(1)
    stem = Path(app.srcdir) / FOLDER / docname.replace("/", "-")
    stem.parent.mkdir(exist_ok=True)

    def with_picture(match):
        run(match[1], docname, names)
        return "\n\n".join([match[0], *save_open_figures(stem, numbers, match[1])])

    source[0] = BLOCK.sub(with_picture, source[0])


def run(block, page, names):
    """Run one block, plain code or a session with prompts; an error that the session shows is no error."""
    examples = doctest.DocTestParser().get_examples(block) if ">>>" in block else [doctest.Example(block, "")]
    quiet = redirect_stdout(StringIO()), redirect_stderr(StringIO())
    with warnings.catch_warnings(), quiet[0], quiet[1]:
        warnings.simplefilter("error")
        for example in examples:
            with suppress(Exception) if example.exc_msg else nullcontext():
                exec(compile(example.source, page, "exec"), names)


def save_open_figures(stem, numbers, block):
    """Save and close the open figures; yield the Markdown that shows each."""
    import matplotlib.pyplot as plt

    calls = [line.strip() for line in block.splitlines() if "ranef.plots." in line]
    for figure in plt.get_fignums():
        name = f"{stem.name}-{next(numbers)}.png"
        plt.figure(figure).savefig(stem.with_name(name), dpi=110, metadata={"Software": None})
        plt.close(figure)
        says = calls[-1].lstrip("> ").replace("[", "(").replace("]", ")") if calls else "a picture"
        yield f"![What the example draws: {says}](/{FOLDER}/{name})\n"


def setup(app):
    """Listen to pages being read."""
    app.connect("source-read", lambda app, docname, source: add_pictures(app, docname, source))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
