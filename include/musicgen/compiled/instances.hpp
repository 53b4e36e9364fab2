// Internal: instantiates the templates of model/, train/ and evaluate/ for a backend B. For compiled/*.cpp, after the
// definitions.
#pragma once

#define MUSICGEN_MODEL_INSTANCES(B)                                                                   \
  template class Model<B>;                                                                            \
  template void save_model(const std::filesystem::path&, const Model<B>&, Precision);                 \
  template Model<B> load_model<B>(const std::filesystem::path&);                                      \
  template Model<B> parse_model<B>(std::span<const std::byte>, const std::filesystem::path&);         \
  template Safetensors to_safetensors(const Model<B>&, Precision);                                    \
  template Model<B> from_safetensors<B>(const Safetensors&);                                          \
  template void add_parameters<B>(Safetensors&, const B::Parameters&, const std::string&, Precision); \
  template B::Parameters read_parameters<B>(const Safetensors&, const Dimensions&, const std::string&);

#define MUSICGEN_TRAIN_INSTANCES(B)                                                                     \
  template class Trainer<B>;                                                                            \
  template struct Checkpoint<B>;                                                                        \
  template Checkpoint<B> load_checkpoint<B>(const std::filesystem::path&);                              \
  template void save_checkpoint<B>(const std::filesystem::path&, const Model<B>&, const B::Parameters&, \
                                   const B::Parameters&, const TrainingState&);                         \
  template void TrainingSequences::force(const Model<B>&, double, Random);                              \
  template Model<B> widened(const Model<B>&, int, std::uint64_t);

#define MUSICGEN_LIKELIHOOD_INSTANCES(B)                                                                               \
  template std::vector<Likelihood> likelihoods(const Model<B>&, std::span<const Song* const>);                         \
  template std::vector<Likelihood> sampled_likelihoods(const Model<B>&, std::span<const Song* const>, Precision, int); \
  template Likelihood likelihood(const Model<B>&, std::span<const Song* const>);
