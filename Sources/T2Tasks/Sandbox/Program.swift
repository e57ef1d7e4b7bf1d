/// Python source and the assertions that decide whether it is right.
package struct Program: Sendable, Equatable {
    package let source: String
    /// Run after the source, one by one, by another process: they use the source's names, and it cannot see them.
    package let tests: [String]

    package init(source: String, tests: [String]) {
        self.source = source
        self.tests = tests
    }
}

/// What became of a program.
package enum ProgramResult: Sendable, Equatable {
    /// It ran to its end, all tests included.
    case passed
    case failed(reason: String)
    /// The sandbox broke, or the tests cannot judge any program: nothing is known about this one.
    case notRun(reason: String)
}
