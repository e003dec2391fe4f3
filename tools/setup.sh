#!/usr/bin/env bash
# Makes a checkout ready: system libraries, .venv, the package built and installed (editable).
# Every step leaves a stamp with what it depended on, so a second run with nothing changed costs a fraction of a second.
#   tools/setup.sh           the package, ready to be used
#   tools/setup.sh kernels   also what the kernel tests need
#   tools/setup.sh test      also what the tests, lint and the documentation need
#   tools/setup.sh bench     also R with lme4, for the benchmarks' rivals (best effort)
# PYTHON=/path/to/python chooses the interpreter; RANEF_NATIVE=OFF builds for any CPU of this architecture.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
stamps=$root/.venv/.ranef
native=${RANEF_NATIVE:-ON}

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# ---------------------------------------------------------------- system libraries
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
may_install() {
  [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

search_flags() {  # where brew and conda keep headers and libraries
  if [ -n "${CONDA_PREFIX:-}" ]; then printf ' -I%s/include -I%s/include/suitesparse -L%s/lib' "$CONDA_PREFIX" "$CONDA_PREFIX" "$CONDA_PREFIX"; fi
  if command -v brew >/dev/null; then
    for formula in suite-sparse openblas doctest; do
      prefix=$(brew --prefix "$formula" 2>/dev/null) || continue
      printf ' -I%s/include -I%s/include/suitesparse -L%s/lib' "$prefix" "$prefix" "$prefix"
    done
  fi
}

compiler() { command -v "${CXX:-c++}" || command -v g++ || command -v clang++; }

missing_system() {  # the names of what is missing, one a line; `missing_system test` looks for doctest too
  local cxx; cxx=$(compiler) || { echo "a C++17 compiler"; }
  command -v make >/dev/null || echo "make"
  command -v cmake >/dev/null || echo "cmake"
  local flags; flags="-I/usr/include/suitesparse$(search_flags)"
  if [ -n "${cxx:-}" ]; then
    echo '#include <amd.h>' | "$cxx" $flags -x c++ -E - >/dev/null 2>&1 || echo "SuiteSparse (amd.h)"
    [ "${1:-}" != test ] || echo '#include <doctest/doctest.h>' | "$cxx" $flags -x c++ -std=c++17 -E - >/dev/null 2>&1 || echo "doctest"
    local probe; probe=$(mktemp)
    { echo 'int main(){}' | "$cxx" $flags -x c++ - -o "$probe" -lopenblas >/dev/null 2>&1 \
      || echo 'int main(){}' | "$cxx" $flags -x c++ - -o "$probe" -llapack -lblas >/dev/null 2>&1; } || echo "OpenBLAS (or another BLAS and LAPACK)"
    rm -f "$probe"
  fi
  local python; python=$(find_python) || { echo "Python 3.10 or newer"; return; }
  "$python" -c 'import ensurepip, venv' 2>/dev/null || echo "Python's venv module"
  [ -f "$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] || echo "Python's headers"
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then command -v "$candidate"; return; fi
  done
  return 1
}

apt_packages="g++ make cmake libsuitesparse-dev libopenblas-dev doctest-dev python3 python3-dev python3-venv"
dnf_packages="gcc-c++ make cmake suitesparse-devel openblas-devel doctest-devel python3 python3-devel"
brew_packages="cmake suite-sparse openblas doctest python"
conda_packages="cxx-compiler make cmake suitesparse openblas doctest"

install_system() {
  if [ -n "${CONDA_PREFIX:-}" ] && command -v conda >/dev/null; then
    conda install -y -q -c conda-forge $conda_packages
  elif command -v apt-get >/dev/null && may_install; then
    as_root apt-get update -qq || say "apt-get update failed; trying with the package list at hand"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $apt_packages
  elif command -v dnf >/dev/null && may_install; then
    as_root dnf install -y -q $dnf_packages
  elif command -v brew >/dev/null; then
    brew install $brew_packages
  else
    return 1
  fi
}

system_step() {
  local what=${1:-}
  [ -f "$stamps/system$what" ] && return
  local missing; missing=$(missing_system $what)
  if [ -n "$missing" ]; then
    say "missing: $(echo "$missing" | paste -sd, - | sed 's/,/, /g')"
    install_system >&2 || true
    missing=$(missing_system $what)
  fi
  [ -z "$missing" ] && return
  die "these are still missing: $(echo "$missing" | paste -sd, - | sed 's/,/, /g').
Install them, then run the command again:
  Debian, Ubuntu:  sudo apt-get install $apt_packages
  Fedora, RHEL:    sudo dnf install $dnf_packages
  macOS:           brew install $brew_packages
  conda:           conda install -c conda-forge $conda_packages"
}

# ---------------------------------------------------------------- stamps
checksum() { cksum | cut -d' ' -f1,2; }
fresh() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }
stamp() { mkdir -p "$stamps"; printf '%s\n' "$2" > "$stamps/$1"; }

# ---------------------------------------------------------------- virtual environment and requirements
venv_step() {
  if [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null; then return; fi
  local python; python=$(find_python)
  say "creating .venv with $python"
  rm -rf .venv
  "$python" -m venv .venv
}

pip_install() { .venv/bin/python -m pip install -qq --disable-pip-version-check "$@"; }
named() { .venv/bin/python tools/requirements.py "$@"; }

requirements_step() {
  local want; want=$(checksum < pyproject.toml)
  fresh requirements "$want" && return
  say "installing requirements into .venv"
  pip_install $(named build dependencies plots)
  stamp requirements "$want"
}

test_requirements_step() {  # what may be missing is said here; its tests say why they are skipped
  local want; want=$(checksum < pyproject.toml)
  fresh requirements.test "$want" && return
  say "installing what tests, lint and documentation need"
  pip_install $(named test lint docs)
  if ! .venv/bin/python -c 'import sksparse.cholmod' 2>/dev/null; then
    pip_install $(named oracle) >"$stamps.oracle.log" 2>&1 \
      || say "scikit-sparse could not be built (see .venv/.ranef.oracle.log): the tests against its sparse oracle will be skipped"
  fi
  pip_install --only-binary :all: $(named optimizers) >"$stamps.optimizers.log" 2>&1 \
    || say "there is no NLopt for this Python (see .venv/.ranef.optimizers.log): the tests of its two optimisers will be skipped"
  stamp requirements.test "$want"
}

# ---------------------------------------------------------------- the package
cpu() {  # what -march=native looks at
  { grep -m1 -E '^(flags|Features)' /proc/cpuinfo || sysctl -n machdep.cpu.brand_string || uname -m; } 2>/dev/null | checksum
}

werror() { if [ "${CI:-}" = true ]; then echo ON; else echo OFF; fi; }  # tools/test_cpp.sh asks for the same, or all would be compiled again

build_inputs() {  # everything the extension depends on, and the names of the modules, which the editable install keeps a list of
  { find cpp cmake CMakeLists.txt pyproject.toml -type f -print0 | LC_ALL=C sort -z | xargs -0 cksum
    find python -name '*.py' | LC_ALL=C sort
    echo "$native $(werror) ${CXX:-} ${CXXFLAGS:-} $(cpu)"
    .venv/bin/python --version
  } | checksum
}

build_step() {
  local want; want=$(build_inputs)
  fresh build "$want" && return
  if ! fresh cpu "$(cpu)"; then rm -rf build; stamp cpu "$(cpu)"; fi  # objects made for another CPU look up to date to CMake
  say "building ranef (native CPU: $native)"
  local prefixes=${CMAKE_PREFIX_PATH:-}
  if command -v brew >/dev/null; then prefixes="$prefixes;$(brew --prefix openblas 2>/dev/null);$(brew --prefix suite-sparse 2>/dev/null)"; fi
  # make builds one file at a time unless told otherwise (ninja uses every core)
  CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(getconf _NPROCESSORS_ONLN)} PATH="$root/.venv/bin:$PATH" CMAKE_PREFIX_PATH=$prefixes SKBUILD_CMAKE_DEFINE="RANEF_NATIVE=$native;RANEF_WERROR=$(werror)" \
    pip_install --no-build-isolation --no-deps -e .
  stamp build "$want"
}

link_step() {  # build/release, the preset's tree, is the one where the extension for this Python was built: one core for both
  local latest; latest=$(ls -t build/*-*/.skbuild-info.json | head -n 1)
  ln -sfn "$(basename "$(dirname "$latest")")" build/release
}

# ---------------------------------------------------------------- R, for the rivals only
r_step() {
  if Rscript --vanilla -e 'suppressMessages(library(lme4)); suppressWarnings(library(glmmTMB))' >/dev/null 2>&1; then return; fi
  if command -v apt-get >/dev/null && may_install; then
    say "installing R, lme4 and glmmTMB"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends r-base-core r-cran-lme4 r-cran-glmmtmb >&2 || true
  fi
  Rscript --vanilla -e 'suppressMessages(library(lme4))' >/dev/null 2>&1 \
    || say "no R with lme4 here (Debian: sudo apt-get install r-base-core r-cran-lme4): the benchmarks run without the rival"
}

system_step
venv_step
stamp system ok
requirements_step
build_step
case "${1:-}" in
  kernels) system_step test; stamp systemtest ok; link_step ;;
  test) system_step test; stamp systemtest ok; test_requirements_step ;;
  bench) test_requirements_step; r_step ;;
esac
