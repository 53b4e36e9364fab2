// Part of the library musicgen::compiled.
#include <musicgen/core/error.ipp>
#include <musicgen/core/files.ipp>
#include <musicgen/core/tensor.ipp>
#include <musicgen/core/text.ipp>
#include <musicgen/core/thread_pool.ipp>
