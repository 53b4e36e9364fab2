// Part of the library musicgen::compiled: tokens.
#include <musicgen/tokens/encoder.ipp>
#include <musicgen/tokens/vocabulary.ipp>
