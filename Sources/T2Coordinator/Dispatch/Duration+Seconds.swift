import Foundation
import T2Core

extension Duration {
    /// Whole and tenth seconds, for messages.
    var inSeconds: String { String(format: "%.1f s", seconds) }
}
