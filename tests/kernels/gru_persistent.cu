// Compiled only: all shapes of the persistent GRU, with no register spilled.
#include <kernels/gru_persistent.cuh>

namespace musicgen::kernels {

template void gru_steps_forward(const GruPlan&, const GruStepsForward<bf16>&, device::Stream);
template void gru_steps_forward(const GruPlan&, const GruStepsForward<float>&, device::Stream);
template void gru_steps_backward(const GruPlan&, const GruStepsBackward<bf16>&, device::Stream);
template void gru_steps_backward(const GruPlan&, const GruStepsBackward<float>&, device::Stream);

}  // namespace musicgen::kernels
