/// One problem of a task: the prompt and the check of its answer.
///
/// Leases carry problems, so a worker needs no data set.
package struct Problem: Sendable, Equatable, Codable {
    package let id: String
    package let topic: String
    package let prompt: String
    package let verification: Verification
    /// A correct completion, if the data has one. Few-shot search compares candidates by its likelihood.
    package var reference: String?
    /// The rest of what a chat template reads; nil if it reads the prompt alone.
    package var chat: ChatContext?

    package init(
        id: String, topic: String, prompt: String, verification: Verification, reference: String? = nil,
        chat: ChatContext? = nil
    ) {
        self.id = id
        self.topic = topic
        self.prompt = prompt
        self.verification = verification
        self.reference = reference
        self.chat = chat
    }

    /// A copy for leases that do not score the reference.
    package var withoutReference: Problem {
        var problem = self
        problem.reference = nil
        return problem
    }
}
