import Foundation
import T2Core

extension Duration {
    /// The duration in seconds with one decimal, for messages.
    var inSeconds: String { String(format: "%.1f s", seconds) }
}
