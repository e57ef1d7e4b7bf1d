import Foundation

/// An open file descriptor, which is closed at the end of its life.
struct Descriptor: ~Copyable {
    let number: Int32

    deinit { Foundation.close(number) }

    consuming func close() {}
}

/// Two connected descriptors, one of which becomes a standard descriptor of another program. Programs started later
/// inherit neither.
struct DescriptorPair: ~Copyable {
    let ours: Descriptor
    let theirs: Descriptor

    /// A pipe into which the other program writes; nil with errno set on failure.
    static func pipe() -> DescriptorPair? {
        guard let pipe2 = ChildProcess.pipe2 else {
            errno = ENOSYS
            return nil
        }
        return make { pipe2($0, O_CLOEXEC) }
    }

    /// Nil with errno set on failure.
    static func sockets() -> DescriptorPair? {
        make { socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, $0) }
    }

    private static func make(_ open: (UnsafeMutablePointer<Int32>) -> Int32) -> DescriptorPair? {
        var ends: [Int32] = [-1, -1]
        guard open(&ends) == 0 else { return nil }
        return DescriptorPair(ours: Descriptor(number: ends[0]), theirs: Descriptor(number: ends[1]))
    }
}
