import Foundation
import Synchronization
import T2Core

/// Ends the process with a clear error when a part of a mapped file cannot be read any more, which the kernel reports by SIGBUS.
enum MappedFileFault {
    /// A mapped file, in memory that a signal's handler may read.
    fileprivate struct Entry {
        let range: Range<UInt>
        let path: UnsafeMutablePointer<CChar>
        var next: UnsafeMutablePointer<Entry>?
    }

    private static let lock = NSLock()

    static func watch(_ bytes: UnsafeRawBufferPointer, _ path: String) {
        let start = UInt(bitPattern: bytes.baseAddress)
        let entry = UnsafeMutablePointer<Entry>.allocate(capacity: 1)
        lock.withLock {
            if !isInstalled { install() }
            entry.initialize(to: Entry(range: start..<start + UInt(bytes.count), path: strdup(path), next: entries))
            entries = entry
        }
    }

    static func unwatch(_ bytes: UnsafeRawBufferPointer) {
        let start = UInt(bitPattern: bytes.baseAddress)
        lock.withLock {
            var previous: UnsafeMutablePointer<Entry>?
            var place = entries
            while let entry = place, entry.pointee.range.lowerBound != start {
                (previous, place) = (entry, entry.pointee.next)
            }
            guard let entry = place else { return }
            if let previous { previous.pointee.next = entry.pointee.next } else { entries = entry.pointee.next }
            free(entry.pointee.path)
            entry.deallocate()
        }
    }

    private static func install() {
        isInstalled = true
        var action = sigaction()
        // Only what is safe in a handler: no allocation, no lock.
        action.__sigaction_handler.sa_sigaction = { _, information, _ in
            let address = UInt(bitPattern: information?.pointee._sifields._sigfault.si_addr)
            var place = entries
            while let entry = place, !entry.pointee.range.contains(address) { place = entry.pointee.next }
            if let path = place?.pointee.path {
                // A thread that is later says it no second time.
                if hasFailed { while true { pause() } }
                hasFailed = true
                say("error: ")
                _ = write(STDERR_FILENO, path, strlen(path))
                say(": a part of it cannot be read any more: it was shortened while it was in use, or its disk fails. ")
                say("Restore the file, and start this again.\n")
                _exit(ExitStatus.inputOutput.rawValue)
            }
            // Another cause: the access is repeated, and then meets the handler that was here before.
            sigaction(SIGBUS, &earlier, nil)
        }
        action.sa_flags = SA_SIGINFO
        sigaction(SIGBUS, &action, &earlier)
    }
}

private func say(_ text: StaticString) { _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }

// What the handler reads.
private nonisolated(unsafe) var entries: UnsafeMutablePointer<MappedFileFault.Entry>?
private nonisolated(unsafe) var earlier = sigaction()
private nonisolated(unsafe) var isInstalled = false
private nonisolated(unsafe) var hasFailed = false
