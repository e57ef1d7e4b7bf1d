import T2Sandbox
import Testing

/// A program that means harm; it passes its tests only if the harm was done.
struct ProgramAttack: Sendable, CustomTestStringConvertible {
    let name: String
    let source: String
    let tests: [String]
    /// The reason of its failure holds one of these; any will do if there are none.
    let reasons: [String]

    /// - Parameter tests: by default, `f(2)` must be 4.
    init(_ name: String, _ source: String, tests: [String] = ["assert f(2) == 4"], reason: String...) {
        self.name = name
        self.source = source
        self.tests = tests
        self.reasons = reason
    }

    var testDescription: String { name }
    var program: Program { Program(source: source, tests: tests) }
}
