#include <cstddef>
#include <musicgen/musicgen.hpp>

std::size_t count_notes(const musicgen::Score& song) {
  return song.notes().size();
}
