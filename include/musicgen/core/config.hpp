// Whether the library is compiled in each program that includes it, or once, as musicgen::compiled.
#pragma once

#ifdef MUSICGEN_COMPILED
#define MUSICGEN_INLINE
#define MUSICGEN_ABI compiled
#else
#define MUSICGEN_INLINE inline
#define MUSICGEN_ABI header_only
#endif

/// All names are in an inline namespace that says which of the two it is: object files of both kinds that share a type
/// do not link, where they would otherwise crash.
namespace musicgen::inline MUSICGEN_ABI {}
