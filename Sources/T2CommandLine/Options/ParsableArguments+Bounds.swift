import ArgumentParser

extension ParsableArguments {
    /// Checks an option that has a least value.
    package func require(_ flag: String, _ value: Int?, atLeast least: Int) throws {
        if let value, value < least { throw ValidationError("\(flag) is \(value), expected \(least) or more.") }
    }
}
