/// What a chat template reads besides the text of a problem.
///
/// It is a part of the problem, so that every worker makes the same prompt of it, on every day.
package struct ChatContext: Sendable, Hashable, Codable {
    /// The system message before the user's turn; nil for none, or for the one that the template writes by itself.
    package var system: String?
    /// The day that the template's clock shows; nil for a template that reads no clock.
    package var date: CalendarDate?

    package init(system: String? = nil, date: CalendarDate? = nil) {
        self.system = system
        self.date = date
    }
}
