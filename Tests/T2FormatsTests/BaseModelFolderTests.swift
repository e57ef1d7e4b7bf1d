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
}
