/// The reason why a template gives no text.
package struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The text is not a template.
        case malformed
        /// The template uses something that this program does not have.
        case unsupported
        /// The template's own `raise_exception`.
        case raised
        /// An operation on values that do not have it, as Python refuses it too.
        case invalid
        /// The template runs for too long or writes too much.
        case endless
    }

    package let kind: Kind
    package let problem: String
    /// The line of the template, from 1; nil if it is unknown.
    package internal(set) var line: Int?

    init(_ kind: Kind, _ problem: String, line: Int? = nil) {
        (self.kind, self.problem, self.line) = (kind, problem, line)
    }

    package var description: String { line.map { "line \($0): \(problem)" } ?? problem }
}
