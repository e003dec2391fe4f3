"""Limits of control groups, read from folders as the kernel lays them out."""

import pytest
from ranef import _core
from ranef.machine import control_groups, threads


@pytest.fixture
def group(tmp_path, monkeypatch):
    """Writes the files of a group, by default of the process's own, and says how the process is placed."""

    def write(line, files, path="user/job"):
        root = tmp_path / line.split(":")[1]
        (root / path).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (root / path / name).write_text(text, encoding="ascii")
        monkeypatch.setattr(control_groups, "ROOT", tmp_path)
        real = control_groups.lines
        placed = lambda name: [line] if name == "/proc/self/cgroup" else real(name)  # noqa: E731
        monkeypatch.setattr(control_groups, "lines", placed)

    return write


OLD, NEW = "4:memory:/user/job", "0::/user/job"
OLD_CPU = "3:cpu:/user/job"


def test_no_limit(group):
    group(NEW, {"memory.max": "max\n", "memory.current": "7\n", "cpu.max": "max 100000\n"})
    assert control_groups.memory_left() is None
    assert control_groups.cpu_limit() is None


def test_memory_of_the_unified_hierarchy(group):
    """Page cache that can be given back counts as free; an outer group's limit holds too."""
    stat = "anon 300\ninactive_file 250\n"
    group(NEW, {"memory.max": "1000\n", "memory.current": "700\n", "memory.stat": stat})
    assert control_groups.memory_left() == 550
    group(NEW, {"memory.max": "900\n", "memory.current": "800\n"}, path="user")
    assert control_groups.memory_left() == 100


def test_memory_of_the_old_hierarchy(group):
    group(OLD, {"memory.limit_in_bytes": "1000", "memory.usage_in_bytes": "400"})
    assert control_groups.memory_left() == 600
    group(OLD, {"memory.limit_in_bytes": str(2**63 - 4096)})
    assert control_groups.memory_left() is None


def test_a_path_from_outside_the_container(group):
    """Only the outermost folder exists there."""
    group("0::/", {"memory.max": "1000", "memory.current": "1", "cpu.max": "50000 100000"}, path=".")
    group("0::/outside/of/it", {}, path="other")
    assert control_groups.memory_left() == 999
    assert control_groups.cpu_limit() == 1


@pytest.mark.parametrize(("quota", "cores"), [("150000 100000", 2), ("200000 100000", 2), ("1000 100000", 1)])
def test_cores_of_a_quota(group, quota, cores):
    group(NEW, {"cpu.max": quota})
    assert control_groups.cpu_limit() == cores


def test_cores_of_the_old_hierarchy(group):
    group(OLD_CPU, {"cpu.cfs_quota_us": "300000\n", "cpu.cfs_period_us": "100000\n"})
    assert control_groups.cpu_limit() == 3
    group(OLD_CPU, {"cpu.cfs_quota_us": "-1\n"})
    assert control_groups.cpu_limit() is None


def test_threads_keep_to_the_quota(monkeypatch):
    monkeypatch.setattr(threads, "cpu_limit", lambda: 1)
    assert threads.available_cores() == 1
    monkeypatch.setattr(threads, "cpu_limit", lambda: 4096)
    assert threads.available_cores() == _core.available_cores()
