# cmake -D source=FOLDER -D object=FILE [-D unit=FILE] -P compile_for_gpu.cmake
if(NOT unit)
  set(unit "${source}/tests/emulator/example.cu")
endif()
find_program(nvcc nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
if(NOT nvcc)
  message("SKIPPED: no nvcc")
  return()
endif()

execute_process(
  COMMAND "${nvcc}" -std=c++20 -O3 -gencode=arch=compute_80,code=sm_80 -gencode=arch=compute_90a,code=sm_90a
          -Xptxas -v -Werror all-warnings -Xcompiler -Wall,-Wextra "-I${source}/include" "-I${source}" -c
          "${unit}" -o "${object}"
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
message("${output}")
if(NOT status EQUAL 0)
  message(FATAL_ERROR "nvcc does not compile it")
endif()
if(output MATCHES "warning" OR output MATCHES "[1-9][0-9]* bytes spill")
  message(FATAL_ERROR "warnings, or spilled registers")
endif()
if(NOT output MATCHES "0 bytes spill stores")
  message(FATAL_ERROR "nvcc does not say whether registers were spilled")
endif()
