// Threads that compute parts of one piece of work together, of which a token step has hundreds.

#include "CKernels.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

// The number of looks at a value before a thread sleeps: about as long as the longest part of a token step that one thread computes.
enum { LOOKS = 4000 };

struct t2_team {
    void (*body)(void *context, long thread);
    void *context;
    // Counts the pieces of work; threads start when it changes. Threads that have not finished the current piece.
    _Atomic uint32_t work, unfinished;
    _Atomic uint32_t sleepers;
    _Atomic int ends;
    long count;
    pthread_t threads[];
};

struct member {
    t2_team *team;
    long thread;
};

static inline void look_again(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void sleep_while(_Atomic uint32_t *value, uint32_t old) {
    syscall(SYS_futex, value, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *value) { syscall(SYS_futex, value, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0); }

static void *run_member(void *argument) {
    const struct member member = *(struct member *)argument;
    free(argument);
    t2_team *const team = member.team;
    uint32_t done = 0;
    for (;;) {
        for (int looks = 0; atomic_load_explicit(&team->work, memory_order_acquire) == done; looks++) {
            if (looks < LOOKS) {
                look_again();
                continue;
            }
            atomic_fetch_add(&team->sleepers, 1);
            while (atomic_load(&team->work) == done) sleep_while(&team->work, done);
            atomic_fetch_sub(&team->sleepers, 1);
        }
        done++;
        if (atomic_load_explicit(&team->ends, memory_order_acquire)) return NULL;
        team->body(team->context, member.thread);
        if (atomic_fetch_sub_explicit(&team->unfinished, 1, memory_order_acq_rel) == 1) wake(&team->unfinished);
    }
}

t2_team *t2_team_new(long count) {
    t2_team *const team = calloc(1, sizeof(t2_team) + (size_t)count * sizeof(pthread_t));
    if (!team) return NULL;
    team->count = 1;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 8 << 20);
    for (long thread = 1; thread < count; thread++) {
        struct member *const member = malloc(sizeof *member);
        if (member) *member = (struct member){team, thread};
        if (!member || pthread_create(&team->threads[thread], &attributes, run_member, member) != 0) {
            free(member);
            t2_team_free(team);
            pthread_attr_destroy(&attributes);
            return NULL;
        }
        team->count++;
    }
    pthread_attr_destroy(&attributes);
    return team;
}

static void start(t2_team *team) {
    atomic_store_explicit(&team->unfinished, (uint32_t)(team->count - 1), memory_order_relaxed);
    atomic_fetch_add(&team->work, 1);
    if (atomic_load(&team->sleepers) > 0) wake(&team->work);
}

void t2_team_free(t2_team *team) {
    if (!team) return;
    atomic_store_explicit(&team->ends, 1, memory_order_release);
    start(team);
    for (long thread = 1; thread < team->count; thread++) pthread_join(team->threads[thread], NULL);
    free(team);
}

void t2_team_run(t2_team *team, void (*body)(void *context, long thread), void *context) {
    if (team->count > 1) {
        team->body = body;
        team->context = context;
        start(team);
    }
    body(context, 0);
    for (int looks = 0;; looks++) {
        const uint32_t unfinished = team->count > 1 ? atomic_load_explicit(&team->unfinished, memory_order_acquire) : 0;
        if (unfinished == 0) return;
        if (looks < LOOKS) {
            look_again();
        } else {
            sleep_while(&team->unfinished, unfinished);
        }
    }
}
