# Two commands for everybody: make demo, make test. Each sets everything up first (tools/setup.sh).
PYTHON_VENV := .venv/bin/python

.PHONY: help setup setup-test demo docs test test-cpp test-python wheel sdist bench bench-publish bench-gate lint clean

help:
	@echo "make demo      fit two classic data sets, bootstrap one, print and draw the results"
	@echo "make docs      the documentation site into build/docs, every example and picture made anew"
	@echo "make test      every test: C++ kernels (plain and sanitized), lint, types, Python, doctests"
	@echo "make bench     ranef beside lme4 and the other programs, ten minutes (ARGS=--all: everything, hours)"
	@echo "make bench-publish   the last run's tables into README and docs"
	@echo "make bench-gate BASE=main   is HEAD slower than that commit?"
	@echo "make test-cpp  C++ kernel tests only;  make test-python  pytest only (ARGS='-k name')"
	@echo "make wheel     a wheel with its libraries inside, tried where the system has none of them"
	@echo "make sdist     the source distribution, its own tests run in its own tree"
	@echo "make lint      ruff, mypy"
	@echo "make clean     remove builds and the virtual environment"

setup:
	@bash tools/setup.sh

demo: setup
	@$(PYTHON_VENV) examples/demo.py

setup-test:
	@bash tools/setup.sh test

docs: setup-test
	@$(PYTHON_VENV) -m sphinx -W --keep-going -q -b html docs build/docs $(ARGS)
	@echo "build/docs/index.html"

test:
	@bash tools/test.sh $(ARGS)

test-cpp:
	@bash tools/setup.sh kernels
	@bash tools/test_cpp.sh

test-python: setup-test
	@$(PYTHON_VENV) -m pytest $(ARGS)

bench:
	@bash tools/setup.sh bench
	@$(PYTHON_VENV) -m benchmarks $(ARGS)

bench-publish: setup
	@$(PYTHON_VENV) -m benchmarks.publish $(ARGS)

bench-gate: setup
	@test -n "$(BASE)" || { echo "usage: make bench-gate BASE=<branch, tag or hash> [ARGS='--rounds 5']"; exit 2; }
	@$(PYTHON_VENV) -m benchmarks.gate $(BASE) $(ARGS)

wheel: setup
	@$(PYTHON_VENV) -m pip install -qq --disable-pip-version-check $$($(PYTHON_VENV) tools/requirements.py wheel)
	@$(PYTHON_VENV) tools/wheel.py

sdist: setup
	@$(PYTHON_VENV) -m pip install -qq --disable-pip-version-check $$($(PYTHON_VENV) tools/requirements.py wheel)
	@$(PYTHON_VENV) tools/sdist.py $(ARGS)

lint: setup-test
	@$(PYTHON_VENV) -m ruff check .
	@$(PYTHON_VENV) -m mypy

clean:
	rm -rf build .venv
