#pragma once
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <zmq.h>

// Swift does not see the flags of eventfd.
static inline int t2_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// The number of bytes that a program has read from a TCP connection, or -1 if the descriptor is none.
// glibc's struct tcp_info ends before tcpi_bytes_received, which Linux has had at this offset since 4.1.
static inline int64_t t2_bytes_read(int descriptor) {
    unsigned char info[512] = {0};
    socklen_t size = sizeof info;
    const size_t offset = 128;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, info, &size) != 0) return -1;
    uint64_t received;
    if (size < offset + sizeof received) return 0;
    memcpy(&received, info + offset, sizeof received);
    int unread = 0;
    if (ioctl(descriptor, FIONREAD, &unread) != 0) return -1;
    return (int64_t)received - unread;
}
