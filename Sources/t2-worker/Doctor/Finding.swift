import T2Core

/// What one check of `t2-worker doctor` found.
struct Finding: Encodable, Sendable, Equatable {
    enum Status: String, Encodable, Sendable {
        case ok
        /// The worker can work, but slowly, or not with every task.
        case warn
        /// The worker cannot work.
        case fail
    }

    /// What was checked, in a word or two.
    let check: String
    let status: Status
    let found: String
    /// What to do about it; nil if nothing needs to be done, or if `found` is an error that ends with its remedy.
    let remedy: String?

    static func ok(_ check: String, _ found: String) -> Finding { .init(check: check, status: .ok, found: found) }

    static func warn(_ check: String, _ found: String, remedy: String) -> Finding {
        .init(check: check, status: .warn, found: found, remedy: remedy)
    }

    static func fail(_ check: String, _ found: String, remedy: String) -> Finding {
        .init(check: check, status: .fail, found: found, remedy: remedy)
    }

    /// A check that an error ended.
    static func fail(_ check: String, _ error: any UserFacingError) -> Finding {
        .init(check: check, status: .fail, found: error.description)
    }

    private init(check: String, status: Status, found: String, remedy: String? = nil) {
        (self.check, self.status, self.found, self.remedy) = (check, status, found, remedy)
    }

    /// `warn: clock: … . Set the clock.`
    var line: String {
        let check = "\(status.rawValue): \(check): ".padding(toLength: 19, withPad: " ", startingAt: 0)
        return check + found + (remedy.map { ". \($0)" } ?? "") + "\n"
    }
}
