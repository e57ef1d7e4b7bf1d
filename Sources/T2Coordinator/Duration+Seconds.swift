import Foundation

extension Duration {
    /// Whole and tenth seconds, for messages.
    var inSeconds: String { String(format: "%.1f s", seconds) }

    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
