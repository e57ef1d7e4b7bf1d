/// The workers that were refused last and have not been admitted since, each with the reason.
package struct Refusals: Sendable {
    /// The number of workers that are remembered.
    private static let most = 8

    /// The earliest first.
    package private(set) var all: [(worker: String, reason: String)] = []

    package init() {}

    mutating func note(_ reason: String, of worker: String) {
        forget(worker)
        all.append((worker, reason))
        if all.count > Self.most { all.removeFirst() }
    }

    mutating func forget(_ worker: String) { all.removeAll { $0.worker == worker } }
}
