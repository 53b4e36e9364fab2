// Part of the library musicgen::compiled: MIDI files.
#include <musicgen/midi/note_pairing.ipp>
#include <musicgen/midi/score.ipp>
#include <musicgen/midi/smf_reader.ipp>
#include <musicgen/midi/smf_writer.ipp>
#include <musicgen/midi/tempo_map.ipp>
