import Foundation

/// Runs a body that blocks on a thread of its own: the threads of Swift's tasks are few, and what the body waits for may need them.
package func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
