import Foundation
import T2Core
import T2TestSupport
import Testing

@Suite("The bundled example")
struct BundledExampleTests {
    @Test(
        "is found beside installed programs, whatever the current folder is", arguments: ["usr", "a folder/t2-0.1.0"])
    func installed(prefix: String) throws {
        let folder = try TemporaryFolder()
        let model = "\(folder.path)/\(prefix)/share/t2/experts/tiny/base"
        try folder.write("{}", to: "\(prefix)/share/t2/experts/tiny/base/config.json")
        let elsewhere = folder.path + "/elsewhere"
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
        #expect(
            try BundledExample.baseModelPath(from: elsewhere, program: "\(folder.path)/\(prefix)/bin") == model)
        #expect(throws: InputError.self) {
            try BundledExample.baseModelPath(from: elsewhere, program: elsewhere)
        }
    }
}
