# Models from PyTorch and for it need a zip library, which the rest does not: a target, made where libzip is found.
#
#   musicgen::import_torch   musicgen/import/torch.hpp, libzip
#
# Read by the project's own build and by the installed package, as musicgenRender.cmake is. MUSICGEN_HAS_TORCH is defined
# for whoever links. libzip's own CMake package, in Debian, asks for programs that are in none of its dependencies.
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
