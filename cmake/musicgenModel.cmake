# Compiles models into programs, so that they need no file at run time.
#
#   musicgen::bundled_model                  the bundled model: musicgen::bundled_model() in
#                                            musicgen/model/bundled_model.hpp
#   musicgen_embed_model(<library> <file>)   makes a static library from the bytes of a file. C++ sees them as
#                                            extern "C" const std::byte <library>_begin[], <library>_end[];
#                                            for musicgen::parse_model()
#
# Used by the project's own build and by the installed package.
include_guard()

function(musicgen_embed_model library file)
  cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
  string(REGEX REPLACE "([\"\\])" "\\\\\\1" path "${file}")  # for the assembler, and once more for C++
  string(REGEX REPLACE "([\"\\])" "\\\\\\1" path "${path}")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${library}.cpp")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[// The bytes of a file, put here by the assembler.
asm(".section .rodata\n"
    ".balign 64\n"
    ".global @library@_begin\n"
    ".global @library@_end\n"
    "@library@_begin:\n"
    ".incbin \"@path@\"\n"
    "@library@_end:\n"
    ".byte 0\n"
    ".text\n");
]])
  # Link-time optimization would not see what the assembler defines.
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${file}" COMPILE_OPTIONS -fno-lto
                                                     SKIP_UNITY_BUILD_INCLUSION ON)
  add_library(${library} STATIC EXCLUDE_FROM_ALL "${source}")
  set_target_properties(${library} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

if(EXISTS "${musicgen_bundled_model_file}" AND NOT TARGET musicgen_bundled_model)
  musicgen_embed_model(musicgen_bundled_model "${musicgen_bundled_model_file}")
  target_link_libraries(musicgen_bundled_model INTERFACE musicgen::musicgen)
  add_library(musicgen::bundled_model ALIAS musicgen_bundled_model)
endif()
