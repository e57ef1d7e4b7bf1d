import Glibc
import T2Core
import T2Formats
import T2Jinja

/// The chat template of a model: the Jinja program, in the model's folder, that writes a conversation as the model reads it.
///
/// It is rendered as transformers' `apply_chat_template` renders it. Problems of the template are thrown when a conversation is
/// rendered, so that the model can be used for everything else.
package struct ChatTemplate: Sendable {
    /// The file that holds the template, for messages.
    package let path: String
    private let template: Template?
    /// The reason why there is no template to render.
    private let problem: String?
    private let specialTokens: [String: TemplateValue]

    /// The template of a model's folder; nil if it has none.
    ///
    /// - Throws: `InputError` for a file that cannot be read.
    init?(folder: String) throws(InputError) {
        guard let file = try ChatTemplateFile(folder: folder) else { return nil }
        path = file.path
        template = file.text.map { Template($0) }
        problem = file.problem
        specialTokens = file.specialTokens.mapValues { .text($0) }
    }

    /// Whether the prompt may depend on the day.
    package var readsClock: Bool { template?.source.contains("strftime_now") ?? false }

    /// Writes a conversation.
    ///
    /// - Parameters:
    ///   - addsGenerationPrompt: whether the header of the model's answer follows.
    ///   - date: the day that the template's clock shows, at midnight.
    ///   - variables: further variables of the template; they override those that it has anyway.
    func render(
        _ messages: [TemplateValue], addsGenerationPrompt: Bool, date: CalendarDate,
        variables: [String: TemplateValue] = [:]
    ) throws(ChatTemplateError) -> TemplateText {
        guard let template else {
            throw ChatTemplateError(
                path, problem ?? "there is no chat template",
                remedy: "Name the one that is meant default. " + ChatTemplateError.plainRemedy(path))
        }
        var values = specialTokens
        values["tools"] = TemplateValue.none
        values["documents"] = TemplateValue.none
        values["add_generation_prompt"] = .bool(addsGenerationPrompt)
        values.merge(variables) { $1 }
        values["messages"] = .list(messages)
        let text: TemplateText
        do throws(TemplateError) {
            text = try template.render(values, now: date.midnight)
        } catch {
            throw .template(path, error)
        }
        guard !text.string.isEmpty else {
            throw ChatTemplateError(
                path, "its chat template writes nothing", remedy: ChatTemplateError.plainRemedy(path),
                concernsMessages: true)
        }
        return text
    }

    /// A message of a conversation, whose text cannot write special tokens.
    static func message(role: String, _ content: String) -> TemplateValue {
        var message = TemplateDictionary()
        message["role"] = .text(role)
        message["content"] = .text(content, isContent: true)
        return .dictionary(message)
    }
}

extension CalendarDate {
    /// The start of the day, as a template's clock shows it.
    fileprivate var midnight: tm {
        var time = tm()
        (time.tm_year, time.tm_mon, time.tm_mday) = (Int32(year - 1900), Int32(month - 1), Int32(day))
        // Sets the day of the week and of the year.
        timegm(&time)
        return time
    }
}
