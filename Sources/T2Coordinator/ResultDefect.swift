/// Why a result cannot be accepted.
package struct ResultDefect: Sendable, Equatable {
    package enum Category: String, Sendable {
        /// It does not answer its lease: other problems, wrong shapes or ranges.
        case malformed = "malformed-result"
        case nonFinite = "non-finite"
        case missingReward = "missing-reward"
    }

    package let category: Category
    /// What was expected and what was found.
    package let message: String

    package init(category: Category, message: String) {
        self.category = category
        self.message = message
    }
}
