"""Files of ranef are whole or not there, whatever stands in the way, and errors are its own."""

import os
import stat

import pytest
import ranef
from ranef.machine import whole_files

SAVED = {
    "sums": lambda data: ranef.sums("Reaction ~ Days + (1 | Subject)", data).save,
    "cells": lambda data: ranef.sums("Days ~ 1 + (1 | Subject)", data, "poisson").save,
    "bootstrap": lambda data: (
        ranef.lmer("Reaction ~ Days + (1 | Subject)", data).bootstrap(5, seed=1, progress=False).save
    ),
}


@pytest.fixture(scope="module", params=SAVED)
def save(request):
    return SAVED[request.param](ranef.datasets.load("sleepstudy"))


def test_what_no_file_can_take_the_place_of(save, tmp_path):
    """A pipe was replaced by a file, and by root a device such as /dev/null."""
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder):
        with pytest.raises(ranef.DataError, match="cannot be written: it is not a file"):
            save(path)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(ranef.DataError, match="cannot be written: No such file or directory"):
        save(tmp_path / "none" / "file")
    for wrong in (3, None, "a\0b"):
        with pytest.raises(ranef.ArgumentError, match=r"a path is text or a pathlib\.Path, not"):
            save(wrong)


def test_a_full_disk_and_a_folder_that_takes_nothing(save, tmp_path, monkeypatch):
    path = tmp_path / "file"
    save(path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(whole_files.os, "fsync", full)
        with pytest.raises(ranef.DataError, match="No space left on device; what was there is unchanged"):
            save(path)

    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:  # in which nothing can be deleted either
        patch.setattr("builtins.open", read_only)
        patch.setattr(whole_files.Path, "unlink", read_only)
        with pytest.raises(ranef.DataError, match="Read-only file system; what was there is unchanged"):
            save(path)
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["file"]


def test_links_and_permissions_stay(save, tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    save(path)
    path.chmod(0o640)
    link.symlink_to(path)
    save(link)
    assert link.is_symlink() and stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_that_is_not_there(tmp_path):
    for load in (ranef.load_sums, ranef.bootstrap.load):
        with pytest.raises(ranef.DataError, match="none cannot be read: No such file or directory"):
            load(tmp_path / "none")
        with pytest.raises(ranef.DataError, match="cannot be read: Is a directory"):
            load(tmp_path)
        with pytest.raises(ranef.ArgumentError, match=r"a path is text or a pathlib\.Path, not 1.5"):
            load(1.5)
