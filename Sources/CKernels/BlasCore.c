// OpenBLAS chooses its kernels by the processor's model number. A processor newer than the library is unknown to it and is
// taken for one of 2004 ("Prescott"), which makes every product five times slower; a Zen 4 is taken for a Zen without AVX-512,
// which costs a fifth. So a program that finds a core type older than its processor's instructions starts itself once more
// with OPENBLAS_CORETYPE, OpenBLAS's own variable for this, before anything else has happened. Whoever sets the variable
// himself has the last word.

#if defined(__x86_64__) && defined(__linux__)
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Weak: a program that multiplies nothing need not link OpenBLAS.
extern char *openblas_get_corename(void) __attribute__((weak));

// A set of instructions, the core type whose kernels use it, and the core types that use less, all those that OpenBLAS falls
// back to among them.
static const char *const without_avx2[] = {"Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Sandybridge", "Atom",
                                           "Barcelona", "Opteron", "Bobcat", "Bulldozer", NULL};
static const char *const without_avx512[] = {"Haswell", "Zen", "Excavator", "Steamroller", "Piledriver", NULL};

static int contains(const char *const *names, const char *name) {
    for (; *names; names++) {
        if (strcmp(*names, name) == 0) return 1;
    }
    return 0;
}

// The core type to use instead of the chosen one, or NULL.
static const char *better_core(const char *chosen) {
    const int is_old = contains(without_avx2, chosen);
    if ((is_old || contains(without_avx512, chosen)) && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    return is_old && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? "Haswell" : NULL;
}

// Runs after OpenBLAS's own initialisation and before main. glibc hands over the arguments.
__attribute__((constructor)) static void match_core_to_processor(int count, char **arguments) {
    if (!openblas_get_corename || count < 1 || getenv("OPENBLAS_CORETYPE")) return;
    __builtin_cpu_init();
    const char *const chosen = openblas_get_corename();
    const char *const better = chosen ? better_core(chosen) : NULL;
    // If the start fails, this process goes on: slower, but right.
    if (better && setenv("OPENBLAS_CORETYPE", better, 1) == 0) execv("/proc/self/exe", arguments);
}
#endif
