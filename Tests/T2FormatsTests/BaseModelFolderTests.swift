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
        "with sizes that no memory holds is refused before anything is calculated from them",
        arguments: [
            ["num_hidden_layers": 1 << 30], ["hidden_size": 1 << 30, "vocab_size": 1 << 30],
            ["intermediate_size": (1 << 31) - 1, "hidden_size": (1 << 31) - 8192], ["head_dim": (1 << 31) - 2],
        ])
    func absurdSizes(_ sizes: [String: Int]) throws {
        let sound = [
            "vocab_size": 50, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2,
            "num_attention_heads": 4096,
        ]
        var values: [String: Any] = sound.merging(sizes) { $1 }
        values["model_type"] = "llama"
        let content = try JSONSerialization.data(withJSONObject: values)
        let error = #expect(throws: InputError.self) { try ModelConfiguration(content: content, path: "config.json") }
        #expect(error?.description.contains("expected at most 4096 and 2⁴² weights") == true, "\(sizes)")
    }
}
