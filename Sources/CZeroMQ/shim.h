#pragma once
#include <errno.h>
#include <sys/eventfd.h>
#include <zmq.h>

// Swift does not see the flags of eventfd.
static inline int t2_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
