// OpenBLAS chooses its kernels by the processor's model number. A processor newer than the library is unknown to it and is
// taken for one of 2004 ("Prescott"), which makes every product five times slower. So a program that finds a core type
// older than its processor's instructions starts itself once more with OPENBLAS_CORETYPE, OpenBLAS's own variable for this,
// before anything else has happened. Whoever sets the variable himself has the last word.

#if defined(__x86_64__) && defined(__linux__)
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Weak: a program that multiplies nothing need not link OpenBLAS.
extern char *openblas_get_corename(void) __attribute__((weak));

// Core types without AVX2, all those that OpenBLAS falls back to among them.
static const char *const old_cores[] = {"Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Sandybridge", "Atom",
                                        "Barcelona", "Opteron", "Bobcat", "Bulldozer"};

static const char *suitable_core(void) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
    return NULL;
}

// Runs after OpenBLAS's own initialisation and before main. glibc hands over the arguments.
__attribute__((constructor)) static void match_core_to_processor(int count, char **arguments) {
    if (!openblas_get_corename || count < 1 || getenv("OPENBLAS_CORETYPE")) return;
    __builtin_cpu_init();
    const char *const wanted = suitable_core();
    const char *const chosen = openblas_get_corename();
    if (!wanted || !chosen) return;
    for (size_t i = 0; i < sizeof old_cores / sizeof *old_cores; i++) {
        if (strcmp(chosen, old_cores[i]) != 0) continue;
        // If the start fails, this process goes on: slower, but right.
        if (setenv("OPENBLAS_CORETYPE", wanted, 1) == 0) execv("/proc/self/exe", arguments);
        return;
    }
}
#endif
