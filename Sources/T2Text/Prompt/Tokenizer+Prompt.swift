import T2Core
import T2Jinja

extension Tokenizer {
    /// What the chat template reads besides the prompts; nil if it reads nothing else.
    ///
    /// - Parameters:
    ///   - date: the day that the template's clock shows; today if nil.
    ///   - names: the options or keys that gave the two, for errors.
    /// - Throws: `InputError` (configuration) for one that the model does not read.
    package func chatContext(
        system: String?, date: CalendarDate?, names: (system: String, date: String) = ("--system", "--date")
    ) throws(InputError) -> ChatContext? {
        func unread(_ name: String, _ problem: String) -> InputError {
            InputError(
                name, "\(parentFolder(of: path)) \(problem)", remedy: "Leave it out.", exitStatus: .configuration)
        }
        guard let chatTemplate else {
            let problem = "has no chat template, so its prompts hold no system message and no date"
            if system != nil { throw unread(names.system, problem) }
            if date != nil { throw unread(names.date, problem) }
            return nil
        }
        if date != nil, !chatTemplate.readsClock {
            throw unread(names.date, "has a chat template that reads no clock")
        }
        let context = ChatContext(system: system, date: chatTemplate.readsClock ? date ?? .today : nil)
        return context == ChatContext() ? nil : context
    }

    /// The tokens of a prompt. A model that completes text reads the tokenizer's own prefix and the text; a chat model reads what its
    /// template writes for a conversation of the user's turn alone, which follows the system message if there is one.
    ///
    /// Special tokens in the texts of messages count as ordinary characters, so that no problem can end the user's turn.
    /// - Throws: `ChatTemplateError` if the template writes no prompt, or a system message is given to a model without a template.
    package func prompt(_ text: String, chat: ChatContext? = nil) throws(ChatTemplateError) -> [Int32] {
        guard let chatTemplate else {
            guard chat?.system == nil else {
                throw ChatTemplateError(
                    parentFolder(of: path), "it has no chat template, which a system message needs",
                    remedy: "Leave out --system and the key system.")
            }
            return promptPrefix + encode(text)
        }
        return encode(try turns(text, chat, with: chatTemplate).parts)
    }

    /// The conversation of a prompt, as the template writes it.
    ///
    /// - Parameter answer: the assistant's turn; nil for its header alone.
    private func turns(
        _ text: String, _ chat: ChatContext?, answer: String? = nil, with template: ChatTemplate
    ) throws(ChatTemplateError) -> TemplateText {
        let messages = [("system", chat?.system), ("user", text), ("assistant", answer)]
        return try template.render(
            messages.compactMap { role, text in text.map { ChatTemplate.message(role: role, $0) } },
            addsGenerationPrompt: answer == nil, date: chat?.date ?? .today)
    }

    /// The tokens of a problem's prompt.
    ///
    /// Planning, sampling and evaluation all call this method, so that they accept the same problems.
    /// - Parameters:
    ///   - maxTokens: the tokens that the completion may have.
    ///   - contextLength: the tokens that the model can hold, prompt and completion together.
    /// - Throws: `PromptError`, with the problem's name, if there is no prompt or it is empty or too long.
    package func prompt(of problem: Problem, maxTokens: Int, contextLength: Int) throws(PromptError) -> [Int32] {
        let tokens: [Int32]
        do throws(ChatTemplateError) {
            tokens = try prompt(problem.prompt, chat: problem.chat)
        } catch {
            throw .template(error, problem: problem.id)
        }
        guard !tokens.isEmpty else { throw .empty(problem: problem.id) }
        guard tokens.count + maxTokens <= contextLength else {
            throw .tooLong(problem: problem.id, tokens: tokens.count, maxTokens: maxTokens, context: contextLength)
        }
        return tokens
    }

    /// The condition that ends a completion: one of the model's end tokens, or one of the stop strings.
    package func stopCondition(of model: ModelConfiguration, texts: [String] = []) -> StopCondition {
        StopCondition(tokens: Set(model.endTokens.map { Int32($0) }), texts: texts) {
            self.bytes(of: $0, skipSpecialTokens: true)
        }
    }

    /// The text of a completion without special tokens, up to the first stop string.
    package func completion(_ tokens: [Int32], stopStrings: [String]) -> String {
        let text = decode(tokens, skipSpecialTokens: true)
        guard !stopStrings.isEmpty else { return text }
        // Stop strings are compared byte by byte, as during sampling: `String` treats "\r\n" as one character, without
        // a "\n".
        let bytes = Array(text.utf8)
        let end = stopStrings.compactMap { bytes.firstRange(of: Array($0.utf8))?.lowerBound }.min()
        return end.map { String(decoding: bytes[..<$0], as: UTF8.self) } ?? text
    }

    /// The tokens of a problem's right answer as a model would write it after the prompt, and the token that ends an answer, as in
    /// training.
    ///
    /// Prompt and answer are encoded apart, because the tokens of a prompt are fixed before an answer begins: no token holds the end
    /// of the one and the start of the other, as it may where both are encoded as one text.
    /// - Parameter prompt: the tokens of the problem's prompt.
    /// - Throws: `PromptError` if the two do not fit into the context together, or if the template writes no assistant's turn.
    package func reference(
        of problem: Problem, after prompt: [Int32], model: ModelConfiguration
    ) throws(PromptError) -> [Int32] {
        let end: Int32?
        do throws(ChatTemplateError) {
            end = try endOfAnswer(problem, model)
        } catch {
            throw .template(error, problem: problem.id)
        }
        let text = encode(problem.reference ?? "", findsSpecialTokens: chatTemplate == nil, isStart: false)
        let answer = text + [end].compactMap { $0 }
        let count = prompt.count + answer.count
        guard count <= model.contextLength else {
            throw .referenceTooLong(problem: problem.id, tokens: count, context: model.contextLength)
        }
        return answer
    }

    /// The token that ends an answer: of the model's end tokens, the one that a chat model's template writes last after an
    /// assistant's turn (for Llama 3 `<|eot_id|>`, not `<|end_of_text|>`), or else the first one.
    private func endOfAnswer(_ problem: Problem, _ model: ModelConfiguration) throws(ChatTemplateError) -> Int32? {
        let ends = model.endTokens.map { Int32($0) }
        guard let chatTemplate else { return ends.first }
        let conversation = try turns(
            problem.prompt, problem.chat, answer: problem.reference ?? "", with: chatTemplate)
        return encode(conversation.parts).last(where: ends.contains) ?? ends.first
    }
}
