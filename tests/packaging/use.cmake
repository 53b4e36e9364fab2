# Builds and runs consumer/ against the library, installed or as a subdirectory:
#
#   cmake -D from=installed|subdirectory -D library=DIR -D library_build=DIR -D compiler=... -D generator=... -D work=DIR
#         -P use.cmake

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${work}")
if(from STREQUAL "installed")
  run("${CMAKE_COMMAND}" --install "${library_build}" --prefix "${work}/prefix")
  set(where "-DCMAKE_PREFIX_PATH=${work}/prefix")
else()
  set(where "-DMUSICGEN=${library}")
endif()
run("${CMAKE_COMMAND}" -G "${generator}" -S "${CMAKE_CURRENT_LIST_DIR}/consumer" -B "${work}/build"
    "-DCMAKE_CXX_COMPILER=${compiler}" -DCMAKE_BUILD_TYPE=None "${where}")
run("${CMAKE_COMMAND}" --build "${work}/build" --parallel 2)
run("${work}/build/consumer")
