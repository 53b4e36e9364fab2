# cmake -D source=FOLDER -D file=FILE -D architectures=LIST -D object=FILE -P compile_for_gpu.cmake
find_program(nvcc nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
if(NOT nvcc)
  message("SKIPPED: no nvcc")
  return()
endif()

foreach(architecture IN LISTS architectures)
  list(APPEND targets "-gencode=arch=compute_${architecture},code=sm_${architecture}")
endforeach()
execute_process(
  COMMAND "${nvcc}" -std=c++20 -O3 ${targets} -Xptxas -v -Werror all-warnings -Xcompiler -Wall,-Wextra
          "-I${source}/include" "-I${source}" -c "${source}/${file}" -o "${object}"
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
message("${output}")
if(NOT status EQUAL 0)
  message(FATAL_ERROR "nvcc does not compile it")
endif()
if(output MATCHES "warning" OR output MATCHES "[1-9][0-9]* bytes (spill|stack)")
  message(FATAL_ERROR "warnings, spilled registers, or stack frames")
endif()
if(NOT output MATCHES "0 bytes stack frame, 0 bytes spill stores")
  message(FATAL_ERROR "nvcc does not say whether registers were spilled")
endif()
