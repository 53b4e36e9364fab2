// A program of somebody else's: a song written, read again and counted.
#include <cstdlib>
#include <iostream>
#include <musicgen/musicgen.hpp>

std::size_t count_notes(const musicgen::Score& song);  // in other.cpp: the library in two files of one program

int main() {
  const musicgen::Score song = musicgen::compose(1);
  musicgen::write_midi("consumer.mid", song);
  const std::size_t written = count_notes(song), read = count_notes(musicgen::read_midi("consumer.mid"));
  std::cout << "musicgen " << musicgen::version << ": " << written << " notes written, " << read << " read\n";
  return written > 0 && written == read ? EXIT_SUCCESS : EXIT_FAILURE;
}
