# The system libraries, each looked for quietly, then one message that names all that is missing and how to get it.
find_package(Threads REQUIRED)

set(BLA_SIZEOF_INTEGER 4)  # linalg.cpp declares its entry points with int

# OpenBLAS first (it brings LAPACK along), else whatever BLAS and LAPACK the machine has.
if(NOT DEFINED BLA_VENDOR)
  set(BLA_VENDOR OpenBLAS)
  find_package(BLAS QUIET)
  find_package(LAPACK QUIET)
  if(NOT (BLAS_FOUND AND LAPACK_FOUND))
    unset(BLA_VENDOR)
  endif()
endif()
find_package(BLAS QUIET)
find_package(LAPACK QUIET)
find_package(AMD QUIET)

set(_missing)
if(NOT AMD_FOUND)
  list(APPEND _missing "AMD (SuiteSparse)")
endif()
if(NOT BLAS_FOUND)
  list(APPEND _missing "BLAS")
endif()
if(NOT LAPACK_FOUND)
  list(APPEND _missing "LAPACK")
endif()

if(RANEF_BUILD_TESTS)
  find_path(RANEF_DOCTEST_INCLUDE_DIR doctest/doctest.h)
  if(RANEF_DOCTEST_INCLUDE_DIR)
    add_library(ranef_doctest INTERFACE)
    target_include_directories(ranef_doctest SYSTEM INTERFACE "${RANEF_DOCTEST_INCLUDE_DIR}")
  else()
    list(APPEND _missing "doctest (or configure with -DRANEF_BUILD_TESTS=OFF)")
  endif()
endif()

if(_missing)
  string(REPLACE ";" ", " _missing "${_missing}")
  message(FATAL_ERROR
    "ranef needs these and cannot find them: ${_missing}.\n"
    "Install them with one of\n"
    "  Debian, Ubuntu:  sudo apt-get install libsuitesparse-dev libopenblas-dev doctest-dev\n"
    "  Fedora, RHEL:    sudo dnf install suitesparse-devel openblas-devel doctest-devel\n"
    "  macOS:           brew install suite-sparse openblas doctest\n"
    "  conda:           conda install -c conda-forge suitesparse openblas doctest\n"
    "If they are in an unusual place, add it: -DCMAKE_PREFIX_PATH=/that/place (with pip: CMAKE_PREFIX_PATH=/that/place pip install ...).")
endif()
message(STATUS "ranef: AMD ${AMD_LIBRARY}, BLAS ${BLAS_LIBRARIES}")
