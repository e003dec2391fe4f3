# One interface target with the compiler flags of our own code (imported headers are SYSTEM and stay out of the warnings).
# Never -ffast-math: the certificate of a fit rests on IEEE arithmetic.
add_library(ranef_options INTERFACE)
if(MSVC)
  target_compile_options(ranef_options INTERFACE /W4 $<$<BOOL:${RANEF_WERROR}>:/WX>)
else()
  target_compile_options(ranef_options INTERFACE -Wall -Wextra -Wpedantic $<$<BOOL:${RANEF_WERROR}>:-Werror>)
endif()

if(RANEF_NATIVE AND NOT MSVC)
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-march=native RANEF_HAS_MARCH_NATIVE)  # clang on ARM knows -mcpu=native only
  target_compile_options(ranef_options INTERFACE $<IF:$<BOOL:${RANEF_HAS_MARCH_NATIVE}>,-march=native,-mcpu=native>)
endif()

if(RANEF_SANITIZE)
  # Four checks of every access to a member take half of the time of a sanitized build; AddressSanitizer sees what they would find here.
  target_compile_options(ranef_options INTERFACE
    -fsanitize=${RANEF_SANITIZE} -fno-sanitize=null,alignment,object-size,vptr -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)  # lines for the stack traces; variables cost a third more time
  target_link_options(ranef_options INTERFACE -fsanitize=${RANEF_SANITIZE})
endif()
