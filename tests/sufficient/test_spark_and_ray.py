"""Fits of Spark DataFrames and Ray datasets: two processes make the sums, those of the rows in memory.

Both are large and start slowly: their tests run where they are installed (`pip install pyspark 'ray[data]'`).
"""

import logging
import os
import sys

import numpy as np
import pandas as pd
import pytest
import ranef
from numpy.testing import assert_allclose
from ranef.errors import DataError
from sufficient.partitions import FORMULA, rows

pytestmark = pytest.mark.filterwarnings("ignore")
PARTS = [rows(part) for part in range(4)]
WHOLE = pd.concat(PARTS, ignore_index=True)


@pytest.fixture(scope="module")
def fitted():
    return ranef.lmer(FORMULA, WHOLE)


@pytest.fixture(scope="module")
def spark():
    sql = pytest.importorskip("pyspark.sql", reason="no Spark here: pip install pyspark")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    local = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    builder = sql.SparkSession.builder.master("local[2]")
    for key, value in local.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:  # of whatever Java says
        pytest.skip(f"Spark does not start here: {error}")
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def ray():
    module = pytest.importorskip("ray", reason="no Ray here: pip install 'ray[data]'")
    pytest.importorskip("ray.data", reason="no Ray Data here: pip install 'ray[data]'")
    module.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    module.data.DataContext.get_current().enable_progress_bars = False
    yield module
    module.shutdown()


def test_spark_sums_are_those_of_the_rows_in_memory(spark, fitted):
    frame = spark.createDataFrame(WHOLE).repartition(3)
    assert_allclose(ranef.Model(FORMULA, frame).objective(fitted.theta), fitted.objective, rtol=1e-12)
    assert_allclose(ranef.fit(ranef.sums(FORMULA, frame)).params, fitted.params, rtol=1e-6)


def test_spark_reads_again_where_a_formula_needs_all_rows_first(spark):
    formula = "y ~ scale(x) + (1 | g)"
    fit = ranef.lmer(formula, spark.createDataFrame(WHOLE).repartition(3))
    assert_allclose(fit.objective, ranef.lmer(formula, WHOLE).objective, rtol=1e-12)


def test_spark_errors_name_partition_and_column(spark):
    frame = spark.createDataFrame(WHOLE.assign(x=np.inf)).repartition(3)
    with pytest.raises(DataError, match=r"partition \d of the data .*'x' is inf in row 0"):
        ranef.lmer(FORMULA, frame)
    with pytest.raises(DataError, match="no rows"):
        ranef.lmer(FORMULA, spark.createDataFrame(WHOLE).filter("x > 1000"))


def test_spark_predictions_are_a_column(spark, fitted):
    data = WHOLE.assign(row=np.arange(len(WHOLE)))
    found = fitted.predict(spark.createDataFrame(data).repartition(3)).toPandas().sort_values("row")
    assert_allclose(found["prediction"], fitted.predict(WHOLE), rtol=1e-12)
    with pytest.raises(DataError, match="'prediction'"):
        fitted.predict(spark.createDataFrame(data.assign(prediction=0.0)))


def test_ray_sums_and_predictions(ray, fitted):
    dataset = ray.data.from_pandas([*PARTS, WHOLE[:0]])
    assert_allclose(ranef.Model(FORMULA, dataset).objective(fitted.theta), fitted.objective, rtol=1e-12)
    found = fitted.predict(dataset, interval="prediction").to_pandas()
    assert_allclose(
        np.sort(found["upper"]), np.sort(fitted.predict(WHOLE, interval="prediction")["upper"]), rtol=1e-12
    )


def test_ray_errors_name_the_column(ray):
    with pytest.raises(DataError, match="'x' is inf in row 0"):
        ranef.lmer(FORMULA, ray.data.from_pandas([PARTS[0], PARTS[1].assign(x=np.inf)]))
    with pytest.raises(DataError, match="no rows"):
        ranef.lmer(FORMULA, ray.data.from_pandas(PARTS).filter(lambda row: row["x"] > 1000))
