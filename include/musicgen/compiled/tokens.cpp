// Part of the library musicgen::compiled: tokens.
#include <musicgen/tokens/decoder.ipp>
#include <musicgen/tokens/encoder.ipp>
#include <musicgen/tokens/grammar.ipp>
#include <musicgen/tokens/plan.ipp>
#include <musicgen/tokens/repeats.ipp>
#include <musicgen/tokens/song_state.ipp>
#include <musicgen/tokens/vocabulary.ipp>
