# CHOLMOD of SuiteSparse 5.x (headers and libraries, no CMake files) and 7.x (its own CMake config).
# Defines CHOLMOD::CHOLMOD, CHOLMOD_FOUND, CHOLMOD_VERSION (CHOLMOD's own: 3.x for SuiteSparse 5, 4.x or 5.x for 7).

find_package(CHOLMOD CONFIG QUIET)
if(TARGET SuiteSparse::CHOLMOD)
  if(NOT TARGET CHOLMOD::CHOLMOD)
    add_library(CHOLMOD::CHOLMOD INTERFACE IMPORTED)
    target_link_libraries(CHOLMOD::CHOLMOD INTERFACE SuiteSparse::CHOLMOD)
  endif()
  set(CHOLMOD_LIBRARY SuiteSparse::CHOLMOD)
  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(CHOLMOD REQUIRED_VARS CHOLMOD_LIBRARY VERSION_VAR CHOLMOD_VERSION)
  return()
endif()

find_path(CHOLMOD_INCLUDE_DIR cholmod.h PATH_SUFFIXES suitesparse)
find_library(CHOLMOD_LIBRARY cholmod)
find_library(CHOLMOD_CONFIG_LIBRARY suitesparseconfig)

# Their absence is no error: a shared libcholmod brings them along. A static one needs them on the link line.
set(_cholmod_companions)
foreach(_name amd camd colamd ccolamd)
  find_library(CHOLMOD_${_name}_LIBRARY ${_name})
  mark_as_advanced(CHOLMOD_${_name}_LIBRARY)
  if(CHOLMOD_${_name}_LIBRARY)
    list(APPEND _cholmod_companions ${CHOLMOD_${_name}_LIBRARY})
  endif()
endforeach()

if(CHOLMOD_INCLUDE_DIR)
  set(_cholmod_header "${CHOLMOD_INCLUDE_DIR}/cholmod.h")
  if(EXISTS "${CHOLMOD_INCLUDE_DIR}/cholmod_core.h")  # where SuiteSparse 5 keeps the version
    set(_cholmod_header "${CHOLMOD_INCLUDE_DIR}/cholmod_core.h")
  endif()
  file(STRINGS "${_cholmod_header}" _cholmod_lines REGEX "^#define CHOLMOD_(MAIN|SUB|SUBSUB)_VERSION +[0-9]+")
  foreach(_part MAIN SUB SUBSUB)
    string(REGEX MATCH "CHOLMOD_${_part}_VERSION +([0-9]+)" _ "${_cholmod_lines}")
    set(_cholmod_${_part} "${CMAKE_MATCH_1}")
  endforeach()
  set(CHOLMOD_VERSION "${_cholmod_MAIN}.${_cholmod_SUB}.${_cholmod_SUBSUB}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CHOLMOD
  REQUIRED_VARS CHOLMOD_LIBRARY CHOLMOD_INCLUDE_DIR CHOLMOD_CONFIG_LIBRARY VERSION_VAR CHOLMOD_VERSION)
mark_as_advanced(CHOLMOD_INCLUDE_DIR CHOLMOD_LIBRARY CHOLMOD_CONFIG_LIBRARY)

if(CHOLMOD_FOUND AND NOT TARGET CHOLMOD::CHOLMOD)
  add_library(CHOLMOD::CHOLMOD UNKNOWN IMPORTED)
  set_target_properties(CHOLMOD::CHOLMOD PROPERTIES
    IMPORTED_LOCATION "${CHOLMOD_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CHOLMOD_INCLUDE_DIR}")
  if(NOT CHOLMOD_LIBRARY MATCHES "\\.(so|dylib)")
    set_property(TARGET CHOLMOD::CHOLMOD PROPERTY
      INTERFACE_LINK_LIBRARIES "${_cholmod_companions};${CHOLMOD_CONFIG_LIBRARY};BLAS::BLAS;LAPACK::LAPACK")
  endif()
endif()
