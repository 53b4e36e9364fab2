# musicgen::compiled: the library compiled once, so that programs compile quickly. It has everything that the headers
# declare, for the CPU. Programs that link it compile only declarations, because it adds a compile definition to them. The
# target musicgen::musicgen is headers only.
file(GLOB compiled_sources CONFIGURE_DEPENDS "${musicgen_include_dir}/musicgen/compiled/*.cpp")
list(FILTER compiled_sources EXCLUDE REGEX "/cuda\\.cpp$") # belongs to musicgen::cuda

if(PROJECT_IS_TOP_LEVEL)
  add_library(musicgen_compiled STATIC ${compiled_sources})
else()
  add_library(musicgen_compiled STATIC EXCLUDE_FROM_ALL ${compiled_sources}) # built only if something links it
endif()
add_library(musicgen::compiled ALIAS musicgen_compiled)
# Two units instead of a dozen: what the files have in common is compiled only twice.
set_target_properties(musicgen_compiled PROPERTIES EXPORT_NAME compiled POSITION_INDEPENDENT_CODE ON UNITY_BUILD ON
                                                   UNITY_BUILD_BATCH_SIZE 6)
target_link_libraries(musicgen_compiled PUBLIC musicgen)
target_compile_definitions(musicgen_compiled PUBLIC MUSICGEN_COMPILED)

if(MUSICGEN_INSTALL)
  # A separate export, so that headers can be installed before anything is built: musicgenConfig.cmake looks for it.
  install(TARGETS musicgen_compiled EXPORT musicgenCompiledTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
  install(EXPORT musicgenCompiledTargets NAMESPACE musicgen:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/musicgen)
endif()
