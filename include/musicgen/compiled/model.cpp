// Part of the library musicgen::compiled: models and their files.
#include <cstdint>

#include <musicgen/compiled/instances.hpp>
#include <musicgen/model/config.ipp>
#include <musicgen/model/metadata.ipp>
#include <musicgen/model/model.ipp>
#include <musicgen/model/model_file.ipp>
#include <musicgen/model/safetensors.ipp>

namespace musicgen::inline MUSICGEN_ABI {

template void Safetensors::add(const std::string&, const Shape&, std::span<const float>);
template void Safetensors::add(const std::string&, const Shape&, std::span<const double>);
template void Safetensors::add(const std::string&, const Shape&, std::span<const std::int64_t>);
template void Safetensors::add_bf16(const std::string&, const Shape&, std::span<const float>);
template void Safetensors::add_bf16(const std::string&, const Shape&, std::span<const double>);
template void Safetensors::add_int8(const std::string&, const Shape&, std::span<const float>);
template void Safetensors::add_int8(const std::string&, const Shape&, std::span<const double>);
template std::vector<float> Safetensors::values(const std::string&) const;
template std::vector<double> Safetensors::values(const std::string&) const;
template std::vector<std::int32_t> Safetensors::values(const std::string&) const;
template std::vector<std::int64_t> Safetensors::values(const std::string&) const;
template void Safetensors::read_into(const std::string&, const Shape&, std::span<float>) const;
template void Safetensors::read_into(const std::string&, const Shape&, std::span<double>) const;

MUSICGEN_MODEL_INSTANCES(BasicCpu<float>)
MUSICGEN_MODEL_INSTANCES(BasicCpu<double>)

}  // namespace musicgen::inline MUSICGEN_ABI
