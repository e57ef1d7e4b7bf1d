import Foundation
import T2Core
import T2Formats
import T2Jobs
import T2TestSupport
import T2Text
import Testing

@Suite("The preparation of a run on a chat model")
struct ChatPreparationTests {
    private func files(_ template: String) throws -> TrainingPreparationTests.Files {
        let files = try TrainingPreparationTests.Files()
        try AtomicFile.write(template, to: files.model.path + "/chat_template.jinja")
        return files
    }

    private static let template = "{% for m in messages %}{{ m.role | upper }}{{ m.content }}{% endfor %}"

    @Test("gives every problem the system message, and the saved configuration holds it as it is")
    func system() throws {
        let files = try files(Self.template)
        let text = "no: \"ß\"\n  # 1\\n 😀"
        for message in [text, "null", "", "2024-07-26", "true"] {
            let preparation = try files.prepare(["system=\(message)"])
            let problems = preparation.definition.training + preparation.definition.validation
            #expect(problems.allSatisfy { $0.chat == ChatContext(system: message) } && problems.count == 35)
            let saved = files.folder.path + "/saved.yaml"
            try AtomicFile.write(preparation.resolved.yaml(), to: saved)
            let read = try ConfigurationSource(file: saved, isSaved: true, assignments: []).resolve()
            #expect(read.configuration == preparation.resolved.configuration && read.configuration.system == message)
        }
        let without = try files.prepare()
        #expect(without.definition.training.allSatisfy { $0.chat == nil })
        #expect(try !without.resolved.yaml().contains("system") && !without.resolved.yaml().contains("date"))
    }

    @Test("records the day of the start for a template that reads a clock, and keeps a recorded one")
    func date() throws {
        let files = try files(Self.template + "{{ strftime_now('%Y') }}")
        let started = try files.prepare()
        let today = try #require(started.resolved.configuration.date)
        #expect(started.definition.training.allSatisfy { $0.chat == ChatContext(date: today) })
        let saved = files.folder.path + "/saved.yaml"
        try AtomicFile.write(
            started.resolved.yaml().replacing(today.description, with: "2001-02-03"), to: saved)
        let resumed = try TrainingPreparation(
            ConfigurationSource(file: saved, isSaved: true, assignments: []), name: "run",
            checkPrerequisites: { _ in [] }, singularValues: { _, _ in [] })
        #expect(resumed.definition.training.allSatisfy { $0.chat?.date?.description == "2001-02-03" })
        #expect(resumed.resolved.configuration.date?.description == "2001-02-03")
    }

    @Test(
        "ends with one error of the configuration for a template that cannot be rendered, and for keys that are not read"
    )
    func refusals() throws {
        let broken = try files("{{ messages | nofilter }}")
        let error = #expect(throws: PromptError.self) { try broken.prepare() }
        #expect(error?.exitStatus == .configuration)
        #expect(
            error?.description.hasPrefix("\(broken.model.path)/chat_template.jinja: its chat template uses ") == true)
        let skipping = #expect(throws: PromptError.self) { try broken.prepare(["on-long-prompt=skip"]) }
        #expect(skipping == error)
        let plain = try TrainingPreparationTests.Files()
        for key in ["system=x", "date=2024-07-26"] {
            let refusal = #expect(throws: InputError.self) { try plain.prepare([key]) }
            #expect(refusal?.description.hasPrefix("--set \(key): ") == true && refusal?.exitStatus == .configuration)
        }
        #expect(throws: ConfigurationError.self) { try plain.prepare(["date=2024-02-30"]) }
    }
}
