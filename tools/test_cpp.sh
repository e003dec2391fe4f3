#!/usr/bin/env bash
# The C++ kernel tests: plain, then under AddressSanitizer and UndefinedBehaviorSanitizer.
# Warnings are shown, and are errors in continuous integration (CI=true): a newer compiler's new warning should stop no user.
set -euo pipefail
cd "$(dirname "$0")/.."

unset MAKEFLAGS MAKELEVEL  # the outer make's job server is not ours
werror=$([ "${CI:-}" = true ] && echo ON || echo OFF)

run() {  # directory, then CMake's arguments
  local dir=$1; shift
  cmake -S . -B "$dir" -DRANEF_BUILD_TESTS=ON -DRANEF_WERROR="$werror" "$@" > "$dir.log" 2>&1 || { cat "$dir.log" >&2; return 1; }
  cmake --build "$dir" --parallel "$(getconf _NPROCESSORS_ONLN)" > "$dir.log" 2>&1 || { cat "$dir.log" >&2; return 1; }
  grep -A4 -E 'warning:' "$dir.log" >&2 || true
  printf '== kernel tests, %s\n' "$(basename "$dir")"
  if [ -x "$dir/ranef_core_tests" ]; then "$dir/ranef_core_tests" --no-intro; else echo "none yet"; fi
}

mkdir -p build
run build/kernels -DCMAKE_BUILD_TYPE=Release -DRANEF_NATIVE="${RANEF_NATIVE:-ON}"
ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
  run build/kernels-sanitized -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g" -DRANEF_SANITIZE=address,undefined
