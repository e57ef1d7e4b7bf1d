import Glibc
import Synchronization

/// A Jinja template as chat models publish it, run as transformers runs it: in an immutable sandbox, with `trim_blocks` and
/// `lstrip_blocks`, and the functions `raise_exception`, `strftime_now`, `namespace`, `range` and `dict`.
///
/// It is parsed when it is first rendered, so that a folder with a template that cannot be used can be read all the same.
package final class Template: Sendable {
    package let source: String
    private let parsed = Mutex<Result<[Statement], TemplateError>?>(nil)

    package init(_ source: String) { self.source = source }

    /// Renders the template.
    ///
    /// - Parameters:
    ///   - variables: the variables that the template reads.
    ///   - now: the time that `strftime_now` writes.
    /// - Throws: `TemplateError`.
    package func render(_ variables: [String: TemplateValue], now: tm) throws(TemplateError) -> TemplateText {
        let result = parsed.withLock { parsed in
            if let parsed { return parsed }
            let result = Result { () throws(TemplateError) in try Parser.statements(of: source) }
            parsed = result
            return result
        }
        var renderer = Renderer(now: now)
        return try renderer.render(try result.get(), variables)
    }

    /// The local time.
    package static var now: tm {
        var (seconds, parts) = (time(nil), tm())
        localtime_r(&seconds, &parts)
        return parts
    }
}
