// OpenBLAS chooses its kernels by the model number of the processor. It treats a processor that is newer than the
// library as one of 2004 ("Prescott"), which makes every product five times slower, and a Zen 4 as a Zen without
// AVX-512, which makes products a fifth slower. A program that finds a core type older than its processor's
// instructions therefore sets OPENBLAS_CORETYPE, OpenBLAS's own variable for this purpose, and executes itself again
// before main runs. If the user has set the variable, its value is kept.

#if defined(__x86_64__) && defined(__linux__)
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A weak symbol, since a program without matrix products need not link OpenBLAS.
extern char *openblas_get_corename(void) __attribute__((weak));

// The core types whose kernels do not use AVX2, and those whose kernels use AVX2 but not AVX-512. They include every
// core type that OpenBLAS falls back to.
static const char *const without_avx2[] = {"Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Sandybridge", "Atom",
                                           "Barcelona", "Opteron", "Bobcat", "Bulldozer", NULL};
static const char *const without_avx512[] = {"Haswell", "Zen", "Excavator", "Steamroller", "Piledriver", NULL};

static int contains(const char *const *names, const char *name) {
    for (; *names; names++) {
        if (strcmp(*names, name) == 0) return 1;
    }
    return 0;
}

// The core type to use instead of the chosen one, or NULL to keep the chosen one.
static const char *better_core(const char *chosen) {
    const int is_old = contains(without_avx2, chosen);
    if ((is_old || contains(without_avx512, chosen)) && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    return is_old && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? "Haswell" : NULL;
}

// Runs after OpenBLAS's own initialisation and before main. glibc passes the arguments of main to constructors.
__attribute__((constructor)) static void match_core_to_processor(int count, char **arguments) {
    if (!openblas_get_corename || count < 1 || getenv("OPENBLAS_CORETYPE")) return;
    __builtin_cpu_init();
    const char *const chosen = openblas_get_corename();
    const char *const better = chosen ? better_core(chosen) : NULL;
    // If execv fails, this process continues with the chosen core type: slower, with correct results.
    if (better && setenv("OPENBLAS_CORETYPE", better, 1) == 0) execv("/proc/self/exe", arguments);
}
#endif
