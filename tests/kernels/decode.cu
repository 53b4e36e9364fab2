// Compiled only: the resident decoder and sampling, with no register spilled.
#include <kernels/decode.cuh>

namespace musicgen::kernels {

template void decode<float>(const DecodeBuffers<float>&, const DecodeRun&, const DecodeGrid&, device::Stream);
template void decode<device::bf16>(const DecodeBuffers<device::bf16>&, const DecodeRun&, const DecodeGrid&,
                                   device::Stream);
template void pack_decode_rows<float>(const DecodeShape&, const float*, int, int, int, float*, device::Stream);
template void pack_decode_rows<device::bf16>(const DecodeShape&, const float*, int, int, int, device::bf16*,
                                             device::Stream);

}  // namespace musicgen::kernels
