"""Replicates on a dask cluster of two worker processes."""

import numpy as np
import pytest

distributed = pytest.importorskip("distributed", reason="dask is not installed: pip install ranef[dask]")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_local_cluster_gives_the_local_replicates(fit_of, tmp_path):
    fit = fit_of("ss_slope_reml")
    local = fit.bootstrap(300, seed=6, progress=False)
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            local_directory=tmp_path,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        away = fit.bootstrap(300, seed=6, executor=client, progress=False)
        assert np.array_equal(away.records, local.records)
        longer = local.append(50, executor=client, progress=False)
    assert np.array_equal(longer.records, fit.bootstrap(350, seed=6, progress=False).records)
