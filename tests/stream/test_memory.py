"""The promise: memory for a batch and the cross-products, whatever the number of rows."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

ROWS = 8_000_000  # 0.8 GB more when fitted from a table in memory


@pytest.mark.slow
def test_more_rows_than_memory(tmp_path):
    """Rows in Parquet, in parts (copies of one): fitted in half of what a table in memory takes."""
    pytest.importorskip("pyarrow.dataset")
    script, folder = tmp_path / "fit.py", tmp_path / "data"
    folder.mkdir()
    script.write_text(
        dedent(
            """
            import resource, shutil, sys
            import numpy as np, pyarrow as pa, pyarrow.dataset as ds, pyarrow.parquet as pq
            import ranef

            rows, folder, part = int(sys.argv[1]), sys.argv[2], 500_000
            rng = np.random.default_rng(1)
            b, g, h = rng.normal(size=5_000), rng.integers(0, 5_000, part), rng.integers(0, 100, part)
            x, z = rng.normal(size=part), rng.normal(size=part)
            y = 1 + 0.5 * x - 0.2 * z + b[g] * (1 + 0.3 * x) + 0.1 * h + rng.normal(size=part)
            table = pa.table({"y": y, "x": x, "z": z, "g": g, "h": h, "idle": rng.normal(size=part)})
            pq.write_table(table, f"{folder}/part0000.parquet", compression="NONE")
            for number in range(1, rows // part):
                shutil.copyfile(f"{folder}/part0000.parquet", f"{folder}/part{number:04d}.parquet")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            fit = ranef.lmer("y ~ x + z + (x | g) + (1 | h)", ds.dataset(folder))
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            assert fit.converged and fit.nobs == rows
            assert np.allclose(fit.params[["x", "z"]], [0.5, -0.2], atol=0.02), fit.params
            print((after - before) / 1024)
            """
        )
    )
    rows = int(os.environ.get("RANEF_STREAM_ROWS", ROWS))
    out = subprocess.run(
        [sys.executable, str(script), str(rows), str(folder)], capture_output=True, text=True, check=False
    )
    assert out.returncode == 0, out.stderr
    grown = float(out.stdout.split()[-1])  # MB
    assert grown < 350, f"{grown:.0f} MB more than before the fit"
