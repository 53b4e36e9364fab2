# The library is headers, which a program compiles with the rest of itself. A program that links this as well does so in a
# fraction of the time, since the templates for both backends are compiled here, once.
#
#   musicgen::compiled   musicgen/compiled/*.cpp, built where somebody links it
#
# Read by the project's own build and by the installed package; what it is made of is compiled in the project that uses it,
# with that project's options; -m options have to hold for all of it, since Eigen allocates by them. Who links
# musicgen::cuda as well names it after this.
include_guard()

if(NOT TARGET musicgen_compiled)
  add_library(musicgen_compiled STATIC EXCLUDE_FROM_ALL "${musicgen_include_dir}/musicgen/compiled/cpu.cpp"
                                                        "${musicgen_include_dir}/musicgen/compiled/cuda.cpp")
  add_library(musicgen::compiled ALIAS musicgen_compiled)
  set_target_properties(musicgen_compiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(musicgen_compiled PUBLIC musicgen::musicgen)
  target_compile_definitions(musicgen_compiled INTERFACE MUSICGEN_COMPILED)
endif()
