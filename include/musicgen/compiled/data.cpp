// Part of the library musicgen::compiled: the songs that models learn from.
#include <musicgen/data/augment.ipp>
#include <musicgen/data/batches.ipp>
#include <musicgen/data/cache.ipp>
#include <musicgen/data/corpus.ipp>
#include <musicgen/data/datasets.ipp>
#include <musicgen/data/language.ipp>
#include <musicgen/data/reading.ipp>
#include <musicgen/data/song.ipp>
#include <musicgen/data/splits.ipp>
