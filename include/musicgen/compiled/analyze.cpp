// Part of the library musicgen::compiled: beats, keys, chords and phrases.
#include <musicgen/analyze/analysis.ipp>
#include <musicgen/analyze/analyze.ipp>
#include <musicgen/analyze/pop909.ipp>
