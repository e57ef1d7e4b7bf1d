import T2Core

/// Values as one line of JSON, with sorted keys, and numbers with the digits needed to read them back exactly.
package enum JSONText {
    /// - Throws: `InputError` if a number is NaN or infinite, which JSON cannot represent.
    package static func line(_ value: some Encodable) throws -> String {
        do {
            return try CanonicalJSON.text(value) + "\n"
        } catch EncodingError.invalidValue(let number, let context) {
            let key = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw InputError(
                "result", "'\(key)' is \(number), expected a finite number",
                remedy: "Check the expert's values: t2 experts show FILE.")
        }
    }
}
