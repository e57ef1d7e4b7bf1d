/// Python source and the assertions that decide whether it is right.
package struct Program: Sendable, Equatable, Encodable {
    package let source: String
    /// Run after the source, one by one, in its `__main__`.
    package let tests: [String]

    package init(source: String, tests: [String]) {
        self.source = source
        self.tests = tests
    }

    private enum CodingKeys: String, CodingKey {
        case source = "program"
        case tests
    }
}

/// What became of a program.
package enum ProgramResult: Sendable, Equatable {
    /// It ran to its end, all tests included.
    case passed
    case failed(reason: String)
    /// The sandbox broke: nothing is known about the program.
    case notRun(reason: String)
}
