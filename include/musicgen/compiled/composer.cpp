// Part of the library musicgen::compiled: songs made by rule.
#include <musicgen/data/composer.ipp>
