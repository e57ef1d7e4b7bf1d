/// A record that is JSON of the right types but no problem of its task.
struct RecordFlaw: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
