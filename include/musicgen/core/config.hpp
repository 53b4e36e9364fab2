// Whether the library is compiled in each program that includes it, or once, as musicgen::compiled.
#pragma once

#ifdef MUSICGEN_COMPILED
#define MUSICGEN_INLINE
#define MUSICGEN_ABI compiled
#else
#define MUSICGEN_INLINE inline
#define MUSICGEN_ABI header_only
#endif

/// All names are in an inline namespace that says which of the two it is. Object files of both kinds that share a type
/// then fail to link, instead of crashing at run time.
namespace musicgen::inline MUSICGEN_ABI {}
