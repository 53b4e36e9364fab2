// All kernels in one translation unit: one command compiles the whole backend, and says what each kernel needs.
#include "adam.cu"
#include "attention.cu"
#include "decode.cu"
#include "embedding.cu"
#include "gru.cu"
#include "head.cu"
#include "loss.cu"
#include "runtime.cu"
