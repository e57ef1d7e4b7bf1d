/// One problem of a task: what the model reads, and how its answer is checked.
///
/// It travels with a lease, so a worker needs no data set.
package struct Problem: Sendable, Equatable, Codable {
    package let id: String
    package let topic: String
    package let prompt: String
    package let verification: Verification
    /// A correct completion, if the data has one: few-shot search compares candidates by its likelihood. Leases go without.
    package var reference: String?

    package init(id: String, topic: String, prompt: String, verification: Verification, reference: String? = nil) {
        self.id = id
        self.topic = topic
        self.prompt = prompt
        self.verification = verification
        self.reference = reference
    }
}

extension Problem {
    /// As it travels in a lease for training.
    package var withoutReference: Problem {
        var problem = self
        problem.reference = nil
        return problem
    }
}
