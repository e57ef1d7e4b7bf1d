#pragma once
#include <cblas.h>

// The library exports these; Debian's cblas.h declares only part of them.
extern char *openblas_get_corename(void);
extern char *openblas_get_config(void);
extern void openblas_set_num_threads(int threads);
extern int openblas_get_num_threads(void);
