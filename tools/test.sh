#!/usr/bin/env bash
# Every test: C++ kernels (plain and sanitized), lint, types, pytest. Arguments go to pytest.
# What waits for the network or uses one core runs while the kernels compile; a stage that fails stops no other.
set -uo pipefail
cd "$(dirname "$0")/.."

unset PYTHONDONTWRITEBYTECODE  # what one process compiles, the others read

failed=()
stage() {  # name, then the command
  local name=$1 begun=$SECONDS; shift
  "$@" || failed+=("$name")
  printf '== %s: %s s\n' "$name" "$((SECONDS - begun))"
}

bash tools/setup.sh kernels || exit
bash tools/test_cpp.sh > build/kernels.log 2>&1 & kernels=$!
trap 'kill "$kernels" 2>/dev/null' EXIT
bash tools/setup.sh test || exit
stage lint .venv/bin/ruff check .
stage types .venv/bin/mypy
stage "waiting for the kernel tests" wait "$kernels"
cat build/kernels.log
stage pytest .venv/bin/python -m pytest --numprocesses=auto --maxprocesses=8 --dist=worksteal "$@"
trap - EXIT

[ ${#failed[@]} = 0 ] && exit
printf 'FAILED: %s\n' "${failed[@]}" >&2
exit 1
