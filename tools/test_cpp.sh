#!/usr/bin/env bash
# The C++ kernel tests, plain and under AddressSanitizer and UndefinedBehaviorSanitizer, side by side (CMakePresets.json).
# The plain ones are linked with the very core of the extension: tools/setup.sh builds it in the same tree.
# Warnings are shown, and are errors in continuous integration (CI=true): a newer compiler's new warning should stop no user.
set -euo pipefail
cd "$(dirname "$0")/.."

unset MAKEFLAGS MAKELEVEL  # the outer make's job server is not ours
werror=$([ "${CI:-}" = true ] && echo ON || echo OFF)
export PATH="$PWD/.venv/bin:$PATH"  # pip's cmake and ninja, if any
export OPENBLAS_NUM_THREADS=1  # the tests' matrices are small: more threads than one only wait for each other
export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1

run() {  # preset, then CMake's arguments; everything said goes into build/<preset>.log
  local preset=$1; shift
  cmake --preset "$preset" -DRANEF_WERROR="$werror" "$@" \
    && cmake --build --preset "$preset" --parallel "$(getconf _NPROCESSORS_ONLN)" \
    && printf '== kernel tests, %s\n' "$preset" && "build/$preset/ranef_core_tests" --no-intro
}

mkdir -p build
run sanitized > build/sanitized.log 2>&1 & sanitized=$!
status=0
run release -DRANEF_NATIVE="${RANEF_NATIVE:-ON}" > build/release.log 2>&1 || status=$?
wait "$sanitized" || status=$?
for preset in release sanitized; do
  grep -A4 -E 'warning:' "build/$preset.log" >&2 || true
  sed -n '/^== kernel tests/,$p' "build/$preset.log" | grep . || { cat "build/$preset.log" >&2; }
done
exit "$status"
