"""A gate against slower code: `make bench-gate BASE=<git ref>`.

Builds base and head in work trees of their own, runs the same cases on both in turns with threads pinned, and
fails when a case got slower by more than its relative and its absolute threshold.

| file | what |
|---|---|
| `cases.py` | what is timed, by the public face alone, so that older versions can be timed too |
| `worker.py` | times cases in the process of one build |
| `builds.py` | work trees and builds |
| `rules.py` | when a case counts as slower |
"""
