// Sends damaged messages to an open port until so many of them were answered, and prints the numbers that were sent and answered.
//
//   frames ENDPOINT MESSAGES COUNT SEED [SERVER_KEY PUBLIC_KEY SECRET_KEY]
//
// MESSAGES is a file of real messages, each after its length (uint32, native). With keys, the connections are encrypted; raw bytes
// are sent to the same port in between.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { most_messages = 64, most_bytes = 60000, connection_frames = 5000, most_silence = 2500 };

static struct { uint8_t *bytes; uint32_t size; } messages[most_messages];
static int message_count;
static uint64_t state;

static uint64_t draw(uint64_t below) { // xorshift64*
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return below ? (state * 0x2545F4914F6CDD1DULL >> 16) % below : 0;
}

static void fail(const char *what) {
    fprintf(stderr, "frames: %s: %s\n", what, zmq_strerror(errno));
    exit(74);
}

static void read_messages(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    uint32_t size;
    while (message_count < most_messages && fread(&size, sizeof size, 1, file) == 1) {
        messages[message_count].size = size;
        messages[message_count].bytes = malloc(size + 1);
        if (fread(messages[message_count].bytes, 1, size, file) != size) fail(path);
        message_count++;
    }
    fclose(file);
    if (!message_count) fail(path);
}

// Makes a damaged message of one or two real ones; returns its size.
static size_t damaged(uint8_t *bytes) {
    int number = (int)draw(message_count);
    size_t size = messages[number].size < most_bytes ? messages[number].size : most_bytes;
    memcpy(bytes, messages[number].bytes, size);
    switch (draw(9)) {
    case 0: // nothing of it is left
        size = draw(200);
        for (size_t place = 0; place < size; place++) bytes[place] = (uint8_t)draw(256);
        break;
    case 1: // it ends early
        size = draw(size + 1);
        break;
    case 2: // random bytes
        for (uint64_t left = 1 + draw(4); left && size; left--) bytes[draw(size)] = (uint8_t)draw(256);
        break;
    case 3: { // bytes in the header, where most of the meaning is
        size_t end = size < 400 ? size : 400;
        for (uint64_t left = 1 + draw(3); left && end; left--) bytes[draw(end)] = (uint8_t)draw(256);
        break;
    }
    case 4: { // brackets that nest
        size_t place = draw(size < 300 ? size : 300), count = draw(800);
        if (size + count > most_bytes) break;
        memmove(bytes + place + count, bytes + place, size - place);
        memset(bytes + place, draw(2) ? '[' : '{', count);
        size += count;
        break;
    }
    case 5: // other lengths of its parts
        for (uint64_t left = 1 + draw(3); left && size > 14; left--) bytes[4 + draw(10)] = (uint8_t)draw(256);
        break;
    case 6: { // the end of another message
        int other = (int)draw(message_count);
        size_t place = draw(size + 1), rest = messages[other].size, start = draw(rest + 1);
        if (place + rest - start > most_bytes) break;
        memcpy(bytes + place, messages[other].bytes + start, rest - start);
        size = place + rest - start;
        break;
    }
    case 7: // other numbers
        for (size_t place = 0, left = 1 + draw(6); place < size && left; place++)
            if (bytes[place] >= '0' && bytes[place] <= '9' && draw(8) == 0) bytes[place] = (uint8_t)"99-.e0"[draw(6)], left--;
        break;
    default: // as it was
        break;
    }
    return size;
}

// Bytes that are no ZeroMQ, or the start of it.
static void send_raw(const char *endpoint) {
    static const uint8_t greeting[] = {0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, 'N', 'U', 'L', 'L'};
    const char *port = strrchr(endpoint, ':');
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port + 1))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0) {
        uint8_t bytes[2048];
        size_t size = draw(sizeof bytes);
        for (size_t place = 0; place < size; place++) bytes[place] = (uint8_t)draw(256);
        if (draw(2)) {
            memset(bytes, 0, size < 64 ? size : 64);
            memcpy(bytes, greeting, sizeof greeting);
        }
        if (send(connection, bytes, size, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET) fail("send");
    }
    close(connection);
}

static void *connected(void *context, int count, char **words) {
    void *dealer = zmq_socket(context, ZMQ_DEALER);
    int none = 0, limit = 1000;
    if (!dealer) fail("zmq_socket");
    zmq_setsockopt(dealer, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(dealer, ZMQ_SNDHWM, &limit, sizeof limit);
    if (count > 7) {
        if (zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, words[5], strlen(words[5]) + 1) ||
            zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, words[6], strlen(words[6]) + 1) ||
            zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, words[7], strlen(words[7]) + 1)) fail("keys");
    }
    if (zmq_connect(dealer, words[1])) fail(words[1]);
    return dealer;
}

// Takes the answers that are there; waits for the first of them. Returns their number.
static uint64_t answers(void *dealer, int milliseconds) {
    static uint8_t bytes[1 << 16];
    uint64_t found = 0;
    zmq_pollitem_t item = {dealer, 0, ZMQ_POLLIN, 0};
    if (zmq_poll(&item, 1, milliseconds) < 0) fail("zmq_poll");
    while (zmq_recv(dealer, bytes, sizeof bytes, ZMQ_DONTWAIT) >= 0) found++;
    return found;
}

int main(int count, char **words) {
    if (count != 5 && count != 8) {
        fprintf(stderr, "usage: frames ENDPOINT MESSAGES COUNT SEED [SERVER_KEY PUBLIC_KEY SECRET_KEY]\n");
        return 64;
    }
    read_messages(words[2]);
    uint64_t goal = strtoull(words[3], NULL, 10), sent = 0, answered = 0;
    state = strtoull(words[4], NULL, 10) * 2 + 1;
    static uint8_t bytes[most_bytes + 1000];
    void *context = zmq_ctx_new();
    int silent = 0;
    while (answered < goal) {
        void *dealer = connected(context, count, words);
        // One connection in eight sends more than a coordinator takes at once.
        uint64_t here = 0, heard = 0, in_flight = 0, waiting = 0, most_in_flight = draw(8) ? 30000 : 3000000;
        while (here < connection_frames && silent < most_silence) {
            for (int turn = 0; turn < 50 && in_flight < most_in_flight; turn++) {
                int more = draw(200) == 0 ? ZMQ_SNDMORE : 0;
                size_t size = damaged(bytes);
                if (zmq_send(dealer, bytes, size, ZMQ_DONTWAIT | more) < 0) {
                    if (errno != EAGAIN) fail("zmq_send");
                    in_flight = most_in_flight;
                    break;
                }
                here++;
                in_flight += size + 9;
                waiting++;
            }
            // Some messages need no answer, and some end the connection.
            int must_wait = in_flight >= most_in_flight || here >= connection_frames;
            uint64_t found = answers(dealer, must_wait ? 20 : 0);
            heard += found;
            if (found >= waiting || (must_wait && !found)) {
                waiting = in_flight = 0;
            } else { // of the average size
                in_flight -= in_flight / waiting * found;
                waiting -= found;
            }
            if (must_wait) silent = found ? 0 : silent + 1;
        }
        for (uint64_t found; (found = answers(dealer, 20));) heard += found;
        zmq_close(dealer);
        sent += here;
        answered += heard;
        for (int left = (int)draw(8); left; left--) send_raw(words[1]);
        printf("%llu sent, %llu answered\n", (unsigned long long)sent, (unsigned long long)answered);
        fflush(stdout);
        if (silent >= most_silence) {
            fprintf(stderr, "frames: no answer for 50 s\n");
            return 76;
        }
    }
    zmq_ctx_term(context);
    return 0;
}
