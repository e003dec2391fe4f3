"""Seeded data for the benchmark problems: each function returns a data frame, and the same one every time.

Identifiers are strings, the way they arrive in practice, except where the problem says integers. What was put
in is in `TRUTH`: fixed effects, residual sd (of linear models), and sd of every random-effects column.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

TRUTH = {
    "one_factor": {"beta": [1.0, 0.5, -0.2], "sigma": 1.0, "sd": [0.5, float(np.hypot(0.1, 0.3))]},
    "crossed_ratings": {"beta": [3.5, 0.2], "sigma": 0.9, "sd": [0.45, 0.5]},
    "moving_pupils": {"beta": [1.0, 0.5], "sigma": 1.0, "sd": [0.7, 0.4, 0.3]},
    "yes_or_no": {"beta": [-0.5, 0.8, -0.4], "sd": [1.0]},
    "yes_or_no_crossed": {"beta": [-0.5, 0.8, -0.4], "sd": [0.8, 0.5]},
    "counts_in_cells": {"beta": [0.3, 0.1, -0.2], "sd": [0.4]},
}


def labels(prefix, codes):
    """Integer codes as strings."""
    width = len(str(codes.max()))
    names = np.array([f"{prefix}{i:0{width}d}" for i in range(codes.max() + 1)], dtype=object)
    return names[codes]


def irregular_sleep():
    """200 subjects, 5 to 15 days each at real-valued times: no two subjects share a G_j, so no classes."""
    rng = np.random.default_rng(20260101)
    subject = np.repeat(np.arange(200), rng.integers(5, 16, 200))
    days = rng.uniform(0, 10, subject.size)
    b = rng.normal(size=(200, 2)) @ np.array([[24.0, 0.4], [0.0, 5.9]])
    mean = 251 + 10.5 * days + b[subject, 0] + b[subject, 1] * days
    reaction = mean + rng.normal(0, 25.6, subject.size)
    return pd.DataFrame({"reaction": reaction, "days": days, "subject": labels("s", subject)})


def one_factor(n=1_000_000, groups=50_000, strings=True, seed=20260102):
    """Rows spread uniformly over groups, intercept and slope."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, groups, n)
    x, w = rng.normal(size=(2, n))
    b = rng.normal(size=(groups, 2)) @ np.array([[0.5, 0.1], [0.0, 0.3]])
    y = 1 + 0.5 * x - 0.2 * w + b[g, 0] + b[g, 1] * x + rng.normal(size=n)
    return pd.DataFrame({"y": y, "x": x, "w": w, "g": labels("g", g) if strings else g})


def crossed_ratings(n=1_000_000, users=40_000, items=4_000):
    """Ratings, users uniform, items by popularity 1/(rank + 20): a large dense Schur complement."""
    rng = np.random.default_rng(20260103)
    popularity = 1 / (np.arange(items) + 20)
    user = rng.integers(0, users, n)
    item = rng.choice(items, n, p=popularity / popularity.sum())
    x = rng.normal(size=n)
    u, i = 0.45 * rng.normal(size=users), 0.5 * rng.normal(size=items)
    y = 3.5 + 0.2 * x + u[user] + i[item] + 0.9 * rng.normal(size=n)
    return pd.DataFrame({"y": y, "x": x, "user": labels("u", user), "item": labels("i", item)})


def nested(districts=100, schools=20, classes=10, pupils=10):
    """Pupils in classes in schools in districts, 200,000 rows: a sparse Schur complement without fill."""
    rng = np.random.default_rng(20260104)
    n = districts * schools * classes * pupils
    row = np.arange(n)
    klass = row // pupils
    school, district = klass // classes, klass // (classes * schools)
    x = rng.normal(size=n)
    scales = ((0.4, klass), (0.5, school), (0.3, district))
    effects = sum(scale * rng.normal(size=code.max() + 1)[code] for scale, code in scales)
    y = 1 + 0.5 * x + effects + rng.normal(size=n)
    codes = {"district": labels("d", district), "school": labels("s", school), "klass": labels("c", klass)}
    return pd.DataFrame({"y": y, "x": x} | codes)


def moving_pupils(pupils=200_000, classes=10_000, schools=500, occasions=5):
    """Pupils seen five times in classes in schools; a tenth of them changes to a class of any school on the
    way. Movers tie classes together at random, so the sparse Schur complement has fill."""
    rng = np.random.default_rng(20260106)
    home = np.arange(pupils) * classes // pupils
    moves_at = np.where(rng.random(pupils) < 0.1, rng.integers(1, occasions, pupils), occasions)
    away = rng.integers(0, classes, pupils)
    pupil, occasion = np.divmod(np.arange(pupils * occasions), occasions)
    klass = np.where(occasion < moves_at[pupil], home[pupil], away[pupil])
    school = klass * schools // classes
    x = rng.normal(size=pupil.size)
    scales = ((0.7, pupil), (0.4, klass), (0.3, school))
    effects = sum(scale * rng.normal(size=code.max() + 1)[code] for scale, code in scales)
    y = 1 + 0.5 * x + effects + rng.normal(size=pupil.size)
    codes = {"pupil": labels("p", pupil), "klass": labels("c", klass), "school": labels("s", school)}
    return pd.DataFrame({"y": y, "x": x} | codes)


def maximal(subjects=60, items=40):
    """A psychologist's maximal model: 2 x 2 within subjects and items, each pair once, conditions by Latin
    square."""
    rng = np.random.default_rng(20260105)
    subject, item = np.divmod(np.arange(subjects * items), items)
    condition = (subject + item) % 4
    a, b = np.where(condition % 2, 0.5, -0.5), np.where(condition // 2, 0.5, -0.5)
    basis = np.column_stack([np.ones(a.size), a, b, a * b])
    by_subject = rng.normal(size=(subjects, 4)) * [60, 25, 20, 15]
    by_item = rng.normal(size=(items, 4)) * [40, 15, 15, 10]
    mean = basis @ [400, 30, 20, 15] + (basis * (by_subject[subject] + by_item[item])).sum(axis=1)
    rt = mean + rng.normal(0, 90, a.size)
    return pd.DataFrame(
        {"rt": rt, "a": a, "b": b, "ab": a * b, "subject": labels("s", subject), "item": labels("i", item)}
    )


def yes_or_no(n=100_000, groups=5_000, others=200, crossed=False):
    """Bernoulli rows in groups, logit link; `crossed` adds a second factor and lets the first vary less."""
    rng = np.random.default_rng(20260107)
    a, b = rng.integers(0, groups, n), rng.integers(0, others, n)
    x, w = rng.normal(size=n).round(3), rng.integers(0, 2, n).astype(float)
    sd = (0.8, 0.5) if crossed else (1.0, 0.0)
    eta = -0.5 + 0.8 * x - 0.4 * w + sd[0] * rng.normal(size=groups)[a] + sd[1] * rng.normal(size=others)[b]
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    factors = {"a": labels("a", a), "b": labels("b", b)} if crossed else {"g": labels("g", a)}
    return pd.DataFrame({"y": y, "x": x, "w": w} | factors)


def counts_in_cells(n=1_000_000, sites=1_000):
    """Counts whose predictors take few values: 10,000 different rows."""
    rng = np.random.default_rng(20260108)
    site, dose, sex = rng.integers(0, sites, n), rng.integers(0, 5, n), rng.integers(0, 2, n)
    eta = 0.3 + 0.1 * dose - 0.2 * sex + 0.4 * rng.normal(size=sites)[site]
    columns = {"dose": dose.astype(float), "sex": np.array(["f", "m"])[sex], "site": labels("s", site)}
    return pd.DataFrame({"y": rng.poisson(np.exp(eta)).astype(float)} | columns)
