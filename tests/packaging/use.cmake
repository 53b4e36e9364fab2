# Builds and runs consumer/ with the library, installed or as a subdirectory. "unbuilt": the library is installed before
# anything is built, and consumer/ must find it:
#
#   cmake -D from=installed|unbuilt|subdirectory -D library=DIR -D library_build=DIR -D compiler=... -D generator=... -D work=DIR
#         -P use.cmake

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${work}")
if(from STREQUAL "unbuilt")
  set(library_build "${work}/library")
  run("${CMAKE_COMMAND}" -G "${generator}" -S "${library}" -B "${library_build}" "-DCMAKE_CXX_COMPILER=${compiler}"
      -DMUSICGEN_BUILD_TESTS=OFF -DMUSICGEN_BUILD_EXAMPLES=OFF)
endif()
if(NOT from STREQUAL "subdirectory")
  run("${CMAKE_COMMAND}" --install "${library_build}" --prefix "${work}/prefix")
  set(where "-DCMAKE_PREFIX_PATH=${work}/prefix")
  if(from STREQUAL "unbuilt")
    list(APPEND where -DHEADERS_ALONE=ON)
  endif()
else()
  set(where "-DMUSICGEN=${library}")
endif()
run("${CMAKE_COMMAND}" -G "${generator}" -S "${CMAKE_CURRENT_LIST_DIR}/consumer" -B "${work}/build"
    "-DCMAKE_CXX_COMPILER=${compiler}" -DCMAKE_BUILD_TYPE=None ${where})
if(from STREQUAL "unbuilt")
  return()
endif()
run("${CMAKE_COMMAND}" --build "${work}/build" --parallel 2)
run("${work}/build/consumer")
