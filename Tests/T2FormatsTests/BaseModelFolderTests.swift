import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("A base model's folder")
struct BaseModelFolderTests {
    @Test(
        "has its data beside it, also when a link leads there", arguments: ["base", "link", "base/", "inner/../base"])
    func defaultData(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("{}", to: "real/base/config.json")
        try folder.write("", to: "real/inner/file")
        let elsewhere = try TemporaryFolder()
        try elsewhere.link("link", to: folder.path + "/real/base")
        let model = name == "link" ? elsewhere.path + "/link" : "\(folder.path)/real/\(name)"
        let real = URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().path
        #expect(BaseModelFolder.defaultData(model: model) == real + "/real/data")
    }

    @Test(
        "is held in float32 if its files are in float32, unless bfloat16 is asked for, which the processor must multiply"
    )
    func weightType() throws {
        let model = try TinyModel()
        defer { model.remove() }
        let folder = try BaseModelFolder(path: model.path)
        #expect(folder.weightType == .float32)
        #expect(try folder.holding(.auto).weightType == .float32)
        #expect(try folder.holding(.f32).weightType == .float32)
        if MachineResources.multipliesBFloat16 {
            #expect(try folder.holding(.bf16).weightType == .bfloat16)
        } else {
            #expect(throws: InputError.self) { try folder.holding(.bf16) }
        }
    }
}
