#pragma once

// Compiles a function in several versions, of which the dynamic loader chooses one for the processor.
#if defined(__x86_64__) && defined(__clang__)
#define DISPATCHED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define DISPATCHED
#endif
