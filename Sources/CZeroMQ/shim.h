#pragma once
#include <errno.h>
#include <sys/eventfd.h>
#include <zmq.h>

// Swift sees neither the function-like flags of eventfd nor libzmq's extended errno values.
static inline int t2_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static const int t2_zmq_hausnumero = ZMQ_HAUSNUMERO;
static const int t2_eterm = ETERM;
static const int t2_efsm = EFSM;
