"""The same problems by other programs, in the same run on the same machine.

| file | what |
|---|---|
| `peers.py` | which programs, their settings, what they cannot do |
| `environment.py` | installs those from PyPI, each into the bench's own environment |
| `adapters/` | one file per Python program: how its best fit is called, what it answers |
| `worker.py`, `worker.R` | one measurement in a process of its own |
| `run.py` | starts the workers, ends those that exceed the time cap |
| `verdict.py` | whether an answer is right |
| `lme4.py`, `lme4.R`, `expect.py` | lme4's answers with tight tolerances, for expected.json |
"""
