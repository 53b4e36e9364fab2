// Part of the library musicgen::compiled: the layers, forward and backward, in float and in double.
#include <musicgen/backend/backend.ipp>
#include <musicgen/backend/cpu/adam.ipp>
#include <musicgen/backend/cpu/attention.ipp>
#include <musicgen/backend/cpu/column_sums.ipp>
#include <musicgen/backend/cpu/cpu.ipp>
#include <musicgen/backend/cpu/embedding.ipp>
#include <musicgen/backend/cpu/gru.ipp>
#include <musicgen/backend/cpu/head.ipp>
#include <musicgen/backend/cpu/loss.ipp>
#include <musicgen/backend/cpu/matrix.ipp>
#include <musicgen/backend/cpu/muon.ipp>
#include <musicgen/backend/cpu/parameters.ipp>
#include <musicgen/backend/cpu/product.ipp>

#define MUSICGEN_INSTANTIATE(S)                                                                                        \
  template class cpu::Packed<S>;                                                                                       \
  template void cpu::product_on_this_thread(View<const S>, const Packed<S>&, View<S>, Into, Index, Index);             \
  template void cpu::product(View<const S>, const Packed<S>&, View<S>, Into);                                          \
  template void cpu::product(View<const S>, View<const S>, View<S>, Into, Precision);                                  \
  template void cpu::add_column_sums(View<const S>, S*);                                                               \
  template struct cpu::Parameters<S>;                                                                                  \
  template void cpu::detail::gru_gates(Index, Index, S*, const S*, S*);                                                \
  template void cpu::detail::gru_biases(const GruParameters<S>&, S*);                                                  \
  template void cpu::gru_inputs(const GruParameters<S>&, View<const S>, Matrix<S>&, Precision);                        \
  template void cpu::gru_steps(const GruParameters<S>&, Index, const Matrix<S>*, GruSaved<S>&, Precision);             \
  template void cpu::gru_forward(const GruParameters<S>&, View<const S>, Index, const Matrix<S>*, GruSaved<S>&,        \
                                 Precision);                                                                           \
  template void cpu::gru_steps_backward(const GruParameters<S>&, Index, GruSaved<S>&, const Matrix<S>&,                \
                                        GruParameters<S>&, Precision);                                                 \
  template void cpu::gru_inputs_backward(const GruParameters<S>&, View<const S>, const Matrix<S>&, Matrix<S>*,         \
                                         Matrix<S>&, Precision);                                                       \
  template void cpu::gru_backward(const GruParameters<S>&, View<const S>, Index, GruSaved<S>&, const Matrix<S>&,       \
                                  Matrix<S>*, GruParameters<S>&, Precision);                                           \
  template void cpu::attention_forward(View<const S>, Index, Index, AttentionOptions, Matrix<S>&, AttentionSaved<S>*); \
  template void cpu::attention_backward(View<const S>, Index, Index, AttentionOptions, const AttentionSaved<S>&,       \
                                        const Matrix<S>&, View<S>, const CopyGradient<S>&);                            \
  template void cpu::head_forward(const HeadParameters<S>&, View<const S>, const Matrix<S>&, HeadSaved<S>&,            \
                                  Matrix<S>&, Precision);                                                              \
  template void cpu::head_backward(const HeadParameters<S>&, View<const S>, const Matrix<S>&, HeadSaved<S>&,           \
                                   const Matrix<S>&, View<S>, Matrix<S>&, HeadParameters<S>&, Precision);              \
  template S cpu::softmax_cross_entropy(Matrix<S>&, std::span<const Token>, std::vector<S>&);                          \
  template void cpu::gather_rows(const Matrix<S>&, std::span<const Token>, Matrix<S>&);                                \
  template void cpu::add_rows(std::span<const Token>, const Matrix<S>&, Matrix<S>&);                                   \
  template void cpu::embedding_forward(const Matrix<S>&, const GruParameters<S>&, std::span<const Token>,              \
                                       std::span<const Token>, Matrix<S>&, Matrix<S>&);                                \
  template void cpu::embedding_backward(const Matrix<S>&, const GruParameters<S>&, std::span<const Token>,             \
                                        std::span<const Token>, const Matrix<S>&, Matrix<S>&, Matrix<S>&, Matrix<S>&,  \
                                        Matrix<S>&);                                                                   \
  template double cpu::sum_of_squares(std::span<const S>);                                                             \
  template void cpu::adam_update(std::span<S>, std::span<const S>, std::span<S>, std::span<S>, std::int64_t, double,   \
                                 double, const OptimizerOptions&);                                                     \
  template void cpu::orthogonalize(View<S>);                                                                           \
  template void cpu::muon_update(View<S>, View<const S>, View<S>, double, double, const OptimizerOptions&);            \
  template struct BasicCpu<S>;

namespace musicgen::inline MUSICGEN_ABI {
MUSICGEN_INSTANTIATE(float)
MUSICGEN_INSTANTIATE(double)
}  // namespace musicgen::inline MUSICGEN_ABI
#undef MUSICGEN_INSTANTIATE
