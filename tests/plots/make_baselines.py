"""Write the baselines of pictures, all or those named: `python -m tests.plots.make_baselines NAME ...`.

Look at the pictures themselves first.
"""

import sys

import matplotlib

from tests.plots.fingerprint import fingerprint, write
from tests.plots.pictures import PICTURES


def main(*names):
    import matplotlib.pyplot as plt

    for name in names or PICTURES:
        write(name, fingerprint(PICTURES[name]()))
        plt.close("all")
        print(f"tests/plots/baselines/{name}.png")


if __name__ == "__main__":
    matplotlib.use("Agg")
    main(*sys.argv[1:])
