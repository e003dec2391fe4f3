# AMD of SuiteSparse 5.x (headers and libraries, no CMake files) and 7.x (its own CMake config). Defines AMD::AMD, AMD_FOUND.

find_package(AMD CONFIG QUIET)
if(TARGET SuiteSparse::AMD)
  set(AMD_LIBRARY SuiteSparse::AMD)
  set(AMD_INCLUDE_DIR "with its target")
else()
  find_path(AMD_INCLUDE_DIR amd.h PATH_SUFFIXES suitesparse)
  find_library(AMD_LIBRARY amd)
  find_library(AMD_CONFIG_LIBRARY suitesparseconfig)  # its allocator
  mark_as_advanced(AMD_INCLUDE_DIR AMD_LIBRARY AMD_CONFIG_LIBRARY)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(AMD REQUIRED_VARS AMD_LIBRARY AMD_INCLUDE_DIR)

if(AMD_FOUND AND NOT TARGET AMD::AMD)
  add_library(AMD::AMD INTERFACE IMPORTED)
  if(TARGET SuiteSparse::AMD)
    target_link_libraries(AMD::AMD INTERFACE SuiteSparse::AMD)
  else()
    target_link_libraries(AMD::AMD INTERFACE ${AMD_LIBRARY} $<$<BOOL:${AMD_CONFIG_LIBRARY}>:${AMD_CONFIG_LIBRARY}>)
    target_include_directories(AMD::AMD INTERFACE "${AMD_INCLUDE_DIR}")
  endif()
endif()
