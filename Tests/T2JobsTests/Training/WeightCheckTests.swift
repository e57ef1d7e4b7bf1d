import Foundation
import T2Core
import T2Formats
import T2TestSupport
import Testing

@Suite("Weights are refused before anything computes with them")
struct WeightCheckTests {
    @Test("whichever of the model's weights is missing is named", arguments: [true, false])
    func missing(tied: Bool) throws {
        let model = try TinyModel(tied: tied)
        defer { model.remove() }
        let whole = try Data(contentsOf: URL(fileURLWithPath: model.weightsPath))
        try BaseModelFolder(path: model.path).checkWeights()
        let names = try SafetensorsFile(path: model.weightsPath).tensors.keys.sorted()
        #expect(names.count == (tied ? 20 : 21))
        for name in names {
            try model.changeWeights { $0.name == name ? nil : $0 }
            let error = #expect(throws: (any Error).self, "without \(name)") {
                try BaseModelFolder(path: model.path).checkWeights()
            }
            #expect("\(error!)".hasPrefix("\(model.path): has no tensor '\(name)'"))
            try whole.write(to: URL(fileURLWithPath: model.weightsPath))
        }
    }

    @Test(
        "one value that is not finite is found, in any weight",
        arguments: [Float.nan, -.nan, .signalingNaN, .infinity, -.infinity])
    func notFinite(value: Float) throws {
        let model = try TinyModel(layers: 1)
        defer { model.remove() }
        let whole = try Data(contentsOf: URL(fileURLWithPath: model.weightsPath))
        for name in try SafetensorsFile(path: model.weightsPath).tensors.keys.sorted() {
            try model.spoil(name, with: value)
            let error = #expect(throws: InputError.self, "\(value) in \(name)") {
                try BaseModelFolder(path: model.path).checkWeights()
            }
            #expect(error?.description.hasPrefix("\(model.weightsPath): tensor '\(name)' holds a NaN") == true)
            #expect(error?.exitStatus == .data)
            try whole.write(to: URL(fileURLWithPath: model.weightsPath))
        }
    }

    /// Bits of values in 16-bit types, and whether they are finite.
    static let halves: [(element: String, bits: UInt16, isFinite: Bool)] = [
        ("F16", 0x7bff, true), ("F16", 0xfbff, true), ("F16", 0x8000, true), ("F16", 0x7c00, false),
        ("F16", 0xfc00, false), ("F16", 0x7c01, false), ("F16", 0xffff, false),
        ("BF16", 0x7f7f, true), ("BF16", 0x7c00, true), ("BF16", 0xff7f, true), ("BF16", 0x7f80, false),
        ("BF16", 0xff80, false), ("BF16", 0x7f81, false), ("BF16", 0xffff, false),
        ("I64", 0, false),
    ]

    @Test("types of 16 bits have their own NaN, and no others are weights", arguments: halves.indices)
    func halfPrecision(_ index: Int) throws {
        let (element, bits, isFinite) = Self.halves[index]
        let model = try TinyModel(layers: 1)
        defer { model.remove() }
        // An odd number of bytes before the data: nothing may depend on how it is aligned.
        try write(model, element: element, last: bits, padding: 1)
        guard !isFinite else { return try BaseModelFolder(path: model.path).checkWeights() }
        let error =
            #expect(throws: (any Error).self) { try BaseModelFolder(path: model.path).checkWeights() }
            as? any UserFacingError
        let expected = element == "I64" ? "elements of type I64, expected F32, F16 or BF16" : "holds a NaN"
        #expect(error?.description.contains("'model.norm.weight'") == true)
        #expect(error?.description.contains(expected) == true)
    }

    /// The model's weights as zeros of another type, but for the last value of the last norm.
    private func write(_ model: TinyModel, element: String, last: UInt16, padding: Int) throws {
        let weights = try ModelConfiguration(path: model.path + "/config.json").weights
        var header: [String: [String: Any]] = [:]
        var data = Data()
        for (name, shape) in weights {
            let isLast = name == "model.norm.weight"
            let type = isLast || element != "I64" ? element : "F16"
            let start = data.count
            data.append(Data(count: shape.reduce(type == "I64" ? 8 : 2, *)))
            if isLast { data.replaceSubrange((data.count - 2)..., with: withUnsafeBytes(of: last) { Data($0) }) }
            header[name] = ["dtype": type, "shape": shape, "data_offsets": [start, data.count]]
        }
        var text = try JSONSerialization.data(withJSONObject: header)
        while text.count % 8 != padding { text.append(UInt8(ascii: " ")) }
        let file = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text + data
        try file.write(to: URL(fileURLWithPath: model.weightsPath))
    }
}
