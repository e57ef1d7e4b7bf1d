import Foundation
import T2Core
import T2Tasks
import T2TestSupport
import Testing

@Suite("The bundled data")
struct BundledDataTests {
    @Test(
        "no prompt stands in two splits, or twice in valid or test; at least 500 test problems",
        arguments: TaskRegistry.bundled.tasks.filter { $0.origin == .bundled }.map(\.name))
    func splitsAreDisjoint(name: String) throws {
        let task = try TaskRegistry.bundled.task(named: name)
        var prompts: [Split: [String]] = [:]
        for split in task.splits {
            prompts[split] = try task.problems(split: split, in: Repository.path + "/experts/tiny/data").map(\.prompt)
        }
        let (train, valid, test) = (prompts[.train]!, prompts[.valid]!, prompts[.test]!)
        #expect(test.count >= 500)
        #expect(Set(test).count == test.count && Set(valid).count == valid.count)
        #expect(Set(train).isDisjoint(with: valid) && Set(train).isDisjoint(with: test))
        #expect(Set(valid).isDisjoint(with: test))
    }
}
