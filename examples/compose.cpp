// Writes songs made by simple rules: training data for trials without real music.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <musicgen/core/error.hpp>
#include <musicgen/core/random.hpp>
#include <musicgen/core/text.hpp>
#include <musicgen/data/composer.hpp>
#include <musicgen/midi.hpp>
#include <string>

#include "program.hpp"

int main(int argc, char** argv) {
  CLI::App app("Composes songs with melody, bridge and piano, one MIDI file each");
  std::filesystem::path out;
  std::uint64_t count = 100, seed = 1;
  app.add_option("--out", out, "the folder to write to, made if it is missing")->required()->check(file_name());
  app.add_option("--count", count, "how many songs")->capture_default_str()->check(whole_number_in(1, 9999));
  app.add_option("--seed", seed, "equal seeds give equal songs")->capture_default_str()->check(seed_number());

  return run_program(app, argc, argv, [&] {
    std::error_code fault;
    std::filesystem::create_directories(out, fault);
    if (fault) throw musicgen::file_error(out, "cannot be made: " + fault.message());
    using musicgen::detail::counted;
    std::size_t notes = 0;
    for (std::uint64_t i = 1; i <= count; ++i) {
      char name[32];
      std::snprintf(name, sizeof name, "song-%04d.mid", static_cast<int>(i));
      const musicgen::Score song = musicgen::compose(musicgen::Random(seed, i).below(UINT64_MAX));
      musicgen::write_midi(out / name, song);
      notes += song.notes().size();
    }
    std::cout << counted(count, "song") << ", " << counted(notes, "note") << ": " << out.string() << '\n';
  });
}
