"""Start one measurement in a process of its own, end it when it exceeds the cap."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rivals import environment
from benchmarks.rivals.columns import write_columns

ROOT = Path(__file__).parents[2]
LOADING = 600.0  # seconds a worker may take to have its data in memory


@dataclass(frozen=True)
class Outcome:
    """What a worker said. `status`: "ok", "over cap", "failed"; `reason` says more when it is not ok."""

    status: str
    reason: str = ""
    result: dict | None = None


def run(peer, problem, task, cap, budget, scratch):
    """One measurement: the first call may take `cap` seconds, all of them `budget`."""
    call, environ = command(peer, problem, task, budget, scratch)
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            call,
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        messages = queue.Queue()
        reader = threading.Thread(target=read_lines, args=(process.stdout, messages), daemon=True)
        reader.start()
        try:
            return listen(process, messages, cap, budget, errors)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # the process group made for this worker alone
            process.wait()
            reader.join()
            process.stdout.close()


def command(peer, problem, task, budget, scratch):
    """The command line and environment of a worker."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environ = os.environ | {"PYTHONPATH": path} | ({"OPENBLAS_NUM_THREADS": "1"} if peer.one_thread else {})
    if peer.home != "R":
        python = sys.executable if peer.home == "ours" else str(environment.PYTHON)
        worker = [python, "-m", "benchmarks.rivals.worker", peer.name, problem.name, task, str(budget)]
        return worker, environ
    script = str(Path(__file__).with_name("worker.R"))
    arguments = {
        "folder": write_columns(problem, scratch),
        "package": peer.requirement,
        "task": task,
        "budget": budget,
        "family": problem.family,
        "formula": problem.formula,
    }
    words = [f"{key}={value}" for key, value in arguments.items()]
    return ["Rscript", "--vanilla", script, *words], environ


def listen(process, messages, cap, budget, errors):
    """Wait for "ready", then for the result, each with its own limit."""
    limit, ready = time.monotonic() + LOADING, False
    while True:
        try:
            message = messages.get(timeout=max(0.0, limit - time.monotonic()))
        except queue.Empty:
            return Outcome("over cap", f"more than {cap:g} s" if ready else "not ready in time")
        if message is None:
            process.wait()
            errors.seek(0)
            return Outcome("failed", last_words(errors.read()) or how_it_ended(process))
        if "ready" in message:
            ready, limit = True, time.monotonic() + cap
        elif "first" in message:
            limit = time.monotonic() + budget + 30.0
        elif "result" in message:
            return Outcome("ok", result=message["result"])


def read_lines(stream, messages):
    """Put every JSON line into the queue, None at the end."""
    for line in stream:
        if line.startswith("{"):
            messages.put(json.loads(line))
    messages.put(None)


def last_words(text):
    """The line of a traceback or of R's complaint that says what went wrong."""
    said = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in said if "rror" in line and "Traceback" not in line]
    return (named or said or [""])[-1][:160]


def how_it_ended(process):
    code = process.returncode
    return f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
