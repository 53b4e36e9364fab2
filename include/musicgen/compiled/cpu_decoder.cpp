// Part of the library musicgen::compiled: the network, one token at a time, in float and in double.
#include <musicgen/backend/cpu/attention_cache.ipp>
#include <musicgen/backend/cpu/decode.ipp>

namespace musicgen::inline MUSICGEN_ABI::cpu {
template class Decoder<float>;
template class Decoder<double>;
template struct AttentionParts<float>;
template struct AttentionParts<double>;
template class AttentionCache<float>;
template class AttentionCache<double>;
}  // namespace musicgen::inline MUSICGEN_ABI::cpu
