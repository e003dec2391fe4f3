"""Tables print whole: all columns within the width, one precision a column; otherwise they are frames."""

import pickle

import pandas as pd
import pytest
import ranef

TABLES = ("tidy", "glance", "coef_table", "component_table", "conf_int", "vif", "drop1", "ranova")


@pytest.fixture(scope="module")
def fit():
    oats = ranef.datasets.load("Oats")
    return ranef.lmer("yield ~ C(nitro) * Variety + (1 | Block/Variety)", oats)


@pytest.mark.parametrize("name", TABLES)
def test_no_column_is_left_out(fit, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    table = getattr(fit, name)()
    text = str(table)
    assert max(map(len, text.splitlines())) <= 80
    words = text.split()
    assert all(str(column) in words for column in table.columns)
    assert table._repr_html_().count("<th") >= len(table.columns)


@pytest.mark.parametrize("name", TABLES)
def test_a_part_of_a_table_is_an_ordinary_frame(fit, name):
    table = getattr(fit, name)()
    assert isinstance(table, pd.DataFrame)
    assert type(table.head(1)) is type(table.round(2)) is pd.DataFrame
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(table)), table)


def test_numbers_of_a_column_have_one_precision(fit):
    rows = str(fit.conf_int(parameters="all")).splitlines()[1:]
    assert len({len(row.split()[-1].rpartition(".")[2]) for row in rows}) == 1
