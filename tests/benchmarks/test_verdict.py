"""A fast wrong answer is shown as wrong."""

import pytest

from benchmarks.rivals.verdict import verdict

OURS = {"criterion": 1743.628, "beta": [251.4, 10.47], "se": [6.82, 1.55], "sigma": 25.6}


def other(**changes):
    return OURS | changes


@pytest.mark.parametrize(
    "answer",
    [OURS, other(criterion=1743.633), other(criterion=None), other(beta=[251.43, 10.48]), other(sigma=25.7)],
)
def test_right(answer):
    assert verdict(answer, OURS) == "right"


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (other(criterion=1751.5), "criterion 7.87 above ours"),
        (other(criterion=1743.0), "criterion 0.628 below ours"),
        (other(criterion=float("nan")), "no criterion"),
        (other(beta=[252.4, 10.47]), "coefficients off by 0.15 standard errors"),
        (other(se=[6.82, 2.0]), "standard errors off by 29 %"),
        (other(sigma=30.0), "sigma off by 17 %"),
        (other(beta=[251.4], se=[6.82]), "1 coefficients, not 2"),
        (other(se=[6.82, float("nan")]), "no numbers"),
        (other(se=[6.82, None]), "no numbers"),
    ],
)
def test_wrong(answer, what):
    assert what in verdict(answer, OURS)


def test_everything_that_is_wrong_is_said():
    assert verdict(other(criterion=1800.0, sigma=50.0), OURS).count(";") == 1
