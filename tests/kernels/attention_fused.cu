// Compiled only: fused attention for all its sizes, with no register spilled.
#include <kernels/attention_fused.cuh>

namespace musicgen::kernels {

template void attention_fused_forward<InFp32>(const FusedAttention&, device::Stream);
template void attention_fused_forward<InBf16>(const FusedAttention&, device::Stream);
template void attention_fused_backward<InFp32>(const FusedAttention&, device::Stream);
template void attention_fused_backward<InBf16>(const FusedAttention&, device::Stream);

}  // namespace musicgen::kernels
