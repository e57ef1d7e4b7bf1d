import Foundation
import T2Core

/// The safetensors files of a model folder, and which of them holds each tensor.
package struct WeightFiles: Sendable {
    package let files: [SafetensorsFile]
    /// The places in `files` of the model's tensors.
    private let places: [String: Int]

    private static let (singleName, indexName) = ("model.safetensors", "model.safetensors.index.json")

    /// Reads the headers of all files, and checks that the index agrees with them.
    ///
    /// - Parameter path: the model's folder.
    /// - Throws: `InputError`, `SystemError` or `SafetensorsError` naming the file at fault.
    init(folder path: String) throws {
        let index = try Self.index(path)
        let files = try Self.names(index).map { try SafetensorsFile(path: "\(path)/\($0)") }
        var places: [String: Int] = [:]
        for (place, file) in files.enumerated() {
            for name in file.tensors.keys {
                guard let other = places.updateValue(place, forKey: name) else { continue }
                throw InputError(
                    file.path, "holds the tensor '\(name)', and so does \(files[other].path), expected it in one file",
                    remedy: "Download the files again, all from the same place.")
            }
        }
        for (name, shard) in (index ?? [:]).sorted(by: { $0.key < $1.key }) {
            let found = places[name].map { files[$0].path }
            guard found != "\(path)/\(shard)" else { continue }
            throw InputError(
                "\(path)/\(Self.indexName)",
                "says that \(shard) holds the tensor '\(name)', which \(found.map { "is in \($0)" } ?? "has none")",
                remedy: "Download the index and all shards again, from the same place.")
        }
        self.files = files
        self.places = index.map { index in places.filter { index[$0.key] != nil } } ?? places
    }

    /// The file that holds a tensor of the model; nil if there is none.
    subscript(name: String) -> SafetensorsFile? { places[name].map { files[$0] } }

    /// The names of the files in a model's folder.
    ///
    /// - Throws: `InputError` or `SystemError` for an index that cannot be read.
    static func names(folder path: String) throws -> [String] {
        let index = try index(path)
        return (index == nil ? [] : [indexName]) + names(index)
    }

    private static func names(_ index: [String: String]?) -> [String] {
        index.map { Set($0.values).sorted() } ?? [singleName]
    }

    /// The shard of each tensor by the folder's index; nil if it has no index.
    private static func index(_ path: String) throws -> [String: String]? {
        struct Index: Decodable { let weight_map: [String: String] }
        let indexPath = "\(path)/\(indexName)"
        guard FileManager.default.fileExists(atPath: indexPath) else { return nil }
        let file = try MappedFile(path: indexPath)
        let index: Index
        do { index = try JSONDecoder().decode(Index.self, from: file.data) } catch {
            throw InputError(indexPath, "not a readable index: \(decodingProblem(error))", remedy: "Copy it again.")
        }
        func refuse(_ problem: String, _ remedy: String = "Download it again.") -> InputError {
            InputError(indexPath, problem, remedy: remedy)
        }
        guard !index.weight_map.isEmpty else { throw refuse("names no tensor") }
        if let shard = index.weight_map.values.first(where: { $0.contains("/") || !$0.hasSuffix(".safetensors") }) {
            throw refuse("names the shard '\(printable(shard))', expected a .safetensors file beside the index")
        }
        guard
            index.weight_map.values.contains(singleName)
                || !FileManager.default.fileExists(atPath: "\(path)/\(singleName)")
        else {
            throw refuse(
                "does not name \(singleName), which is beside it: the folder has the weights twice",
                "Remove \(singleName), or the index with its shards.")
        }
        if let shard = Set(index.weight_map.values).sorted().first(where: {
            !FileManager.default.fileExists(atPath: "\(path)/\($0)")
        }) {
            throw InputError(
                indexPath, "names the shard \(shard), which is missing",
                remedy: "Download it from where the index came from.", exitStatus: .noInput)
        }
        return index.weight_map
    }
}
