"""How close a benchmark's answer has to be, and the switch for the huge workloads."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--huge", action="store_true", help="also ten million rows, minutes and gigabytes")


@pytest.fixture
def check_criterion():
    """check_criterion(problem, value): not above lme4's tight optimum, nor implausibly below it."""

    def check(problem, value):
        expected = problem.expected()
        criterion, rounding = expected["criterion"], 1e-9 * abs(expected["criterion"])
        # Where lme4 stops at a boundary it may be a false one, and a lower criterion is to be expected.
        room = 10.0 if 0.0 in expected["theta"] else 1e-2
        assert value <= criterion + 1e-6 + rounding, f"{problem}: {value} is above lme4's {criterion}"
        assert value >= criterion - room - rounding, f"{problem}: {value} is too far below lme4's {criterion}"

    return check
