// Music from a model, in ten lines.
#include <musicgen/musicgen.hpp>

#include "model.hpp"
#include "program.hpp"

int main(int argc, char** argv) {
  CLI::App app("Writes a minute of music: hello [MODEL [SONG.mid]]");
  std::string in, out = "song.mid";
  app.add_option("MODEL", in, "a model that `train` made; the bundled one if not given");
  app.add_option("SONG.mid", out, "the MIDI file to write")->capture_default_str()->check(file_name());
  return run_program(app, argc, argv, [&] {
    require_distinct({in}, {out});
    require_midi(out);
    const auto model = given_model(in);
    musicgen::Sampler sampler(model, musicgen::presets::lifelike(model));
    musicgen::write_midi(out, sampler.song(std::chrono::seconds(60)));
  });
}
