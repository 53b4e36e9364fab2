# musicgen::compiled: the library compiled once, for programs that are to compile quickly. It has everything that the
# headers declare, for the CPU; who links it compiles declarations alone, as the definition that travels with it says.
# The target musicgen::musicgen stays headers and nothing else.
file(GLOB compiled_sources CONFIGURE_DEPENDS "${musicgen_include_dir}/musicgen/compiled/*.cpp")
list(FILTER compiled_sources EXCLUDE REGEX "/cuda\\.cpp$") # musicgen::cuda's

if(PROJECT_IS_TOP_LEVEL)
  add_library(musicgen_compiled STATIC ${compiled_sources})
else()
  add_library(musicgen_compiled STATIC EXCLUDE_FROM_ALL ${compiled_sources}) # where somebody links it
endif()
add_library(musicgen::compiled ALIAS musicgen_compiled)
# Two units in place of a dozen: what the files share is compiled twice and no oftener.
set_target_properties(musicgen_compiled PROPERTIES EXPORT_NAME compiled POSITION_INDEPENDENT_CODE ON UNITY_BUILD ON
                                                   UNITY_BUILD_BATCH_SIZE 6)
target_link_libraries(musicgen_compiled PUBLIC musicgen)
target_compile_definitions(musicgen_compiled PUBLIC MUSICGEN_COMPILED)

if(MUSICGEN_INSTALL)
  # An export of its own, so that headers can be installed before anything is built: musicgenConfig.cmake looks for it.
  install(TARGETS musicgen_compiled EXPORT musicgenCompiledTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
  install(EXPORT musicgenCompiledTargets NAMESPACE musicgen:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/musicgen)
endif()
