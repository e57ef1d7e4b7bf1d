// Loaded into t2 by LD_PRELOAD: ends the process before one of its durable calls, or lets that call fail, or moves its clock.
//
//   T2_CHAOS_PROGRAM  the name of the program that is harmed; others that inherit the variables are not
//   T2_CHAOS_FOLDER   calls on files below this folder count
//   T2_CHAOS_POINT    the number of the call that is struck, from 1; 0 strikes none
//   T2_CHAOS_ERROR    the errno that this call fails with; 0 kills the process before it
//   T2_CHAOS_CALLS    a file that receives a line for each call: its number, name and path
//   T2_CHAOS_CLOCK    a file of 8 bytes: seconds by which the wall clock is off, as a native int64; it may change at any time
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const char *folder;
static long point;
static int failure;
static int calls_file = -1;
static const volatile int64_t *clock_offset;
static atomic_long count;

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

__attribute__((constructor)) static void begin(void) {
    const char *program = variable("T2_CHAOS_PROGRAM");
    if (!program || strcmp(program, program_invocation_short_name) != 0) return;
    const char *clock = variable("T2_CHAOS_CLOCK");
    if (clock) {
        int file = syscall(SYS_openat, AT_FDCWD, clock, O_RDONLY | O_CLOEXEC, 0);
        void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
        if (mapped == MAP_FAILED) abort();
        clock_offset = mapped;
    }
    const char *calls = variable("T2_CHAOS_CALLS");
    if (calls) calls_file = syscall(SYS_openat, AT_FDCWD, calls, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    point = variable("T2_CHAOS_POINT") ? atol(variable("T2_CHAOS_POINT")) : 0;
    failure = variable("T2_CHAOS_ERROR") ? atoi(variable("T2_CHAOS_ERROR")) : 0;
    folder = variable("T2_CHAOS_FOLDER");
}

// Counts a call on a path. True if it must fail; then errno is set.
static int strikes(const char *call, const char *path) {
    if (!folder || !path || strncmp(path, folder, strlen(folder)) != 0) return 0;
    long number = atomic_fetch_add(&count, 1) + 1;
    if (calls_file >= 0) {
        char line[PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
        syscall(SYS_write, calls_file, line, (size_t)length);
    }
    if (number != point) return 0;
    if (!failure) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    errno = failure;
    return 1;
}

static int strikes_file(const char *call, int file) {
    if (!folder) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    int error = errno;
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = error;
    if (length < 0) return 0;
    path[length] = 0;
    return strikes(call, path);
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define ON_FILE(type, name, parameters, file, arguments) \
    type name parameters { REAL(name); return strikes_file(#name, file) ? -1 : real arguments; }
#define ON_PATH(type, name, parameters, path, arguments) \
    type name parameters { REAL(name); return strikes(#name, path) ? -1 : real arguments; }
#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return flags & O_CREAT && strikes(#name, path) ? -1 : real(path, flags, mode); \
    }
#define OPENS_AT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return flags & O_CREAT && strikes(#name, path) ? -1 : real(at, path, flags, mode); \
    }

ON_FILE(int, fsync, (int file), file, (file))
ON_FILE(int, fdatasync, (int file), file, (file))
ON_FILE(ssize_t, write, (int file, const void *bytes, size_t size), file, (file, bytes, size))
ON_FILE(ssize_t, pwrite, (int file, const void *bytes, size_t size, off_t at), file, (file, bytes, size, at))
ON_FILE(ssize_t, pwrite64, (int file, const void *bytes, size_t size, off64_t at), file, (file, bytes, size, at))
ON_FILE(ssize_t, writev, (int file, const struct iovec *parts, int number), file, (file, parts, number))
ON_FILE(int, ftruncate, (int file, off_t size), file, (file, size))
ON_FILE(int, ftruncate64, (int file, off64_t size), file, (file, size))
ON_PATH(int, rename, (const char *from, const char *to), to, (from, to))
ON_PATH(int, renameat, (int at, const char *from, int other, const char *to), to, (at, from, other, to))
ON_PATH(int, renameat2, (int at, const char *from, int other, const char *to, unsigned flags), to,
        (at, from, other, to, flags))
ON_PATH(int, unlink, (const char *path), path, (path))
ON_PATH(int, unlinkat, (int at, const char *path, int flags), path, (at, path, flags))
ON_PATH(int, mkdir, (const char *path, mode_t mode), path, (path, mode))
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(clock_gettime);
    int status = real(clock, time);
    if (status == 0 && clock_offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += *clock_offset;
    return status;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    REAL(gettimeofday);
    int status = real(time, zone);
    if (status == 0 && clock_offset) time->tv_sec += *clock_offset;
    return status;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
