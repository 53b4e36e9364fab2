# Models from and for PyTorch need a zip library, unlike the rest. So there is a separate target, if libzip is found.
#
#   musicgen::import_torch   musicgen/import/torch.hpp, libzip
#
# Used by the project's own build and by the installed package, like musicgenRender.cmake. Defines MUSICGEN_HAS_TORCH for
# programs that link it. Debian's CMake package of libzip is not used: it requires programs that it does not depend on.
include_guard()

find_path(MUSICGEN_LIBZIP_INCLUDE_DIR zip.h)
find_library(MUSICGEN_LIBZIP_LIBRARY zip)
mark_as_advanced(MUSICGEN_LIBZIP_INCLUDE_DIR MUSICGEN_LIBZIP_LIBRARY)
if(MUSICGEN_LIBZIP_INCLUDE_DIR AND MUSICGEN_LIBZIP_LIBRARY AND NOT TARGET musicgen::import_torch)
  add_library(musicgen::import_torch INTERFACE IMPORTED GLOBAL)
  target_include_directories(musicgen::import_torch INTERFACE ${MUSICGEN_LIBZIP_INCLUDE_DIR})
  target_link_libraries(musicgen::import_torch INTERFACE musicgen::musicgen ${MUSICGEN_LIBZIP_LIBRARY})
  target_compile_definitions(musicgen::import_torch INTERFACE MUSICGEN_HAS_TORCH)
endif()
