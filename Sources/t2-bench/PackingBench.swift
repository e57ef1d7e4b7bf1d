import ArgumentParser
import Foundation
import T2Core
import T2Formats
import T2Transport

/// What a BLOB's packing saves.
struct PackingBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "packing",
        abstract: "Bytes that z, gradients and moments take on the wire, deflated as BLOBs are.",
        discussion: """
            Packs each float32 tensor of the files, and also its exclusive-or with the tensor of that name in the file before: \
            with consecutive checkpoints, that is the difference which a worker could be sent. A z as large as that of \
            Llama-3-8B follows, drawn around 1.

            Examples:
              t2-bench packing runs/math/checkpoints/step-0000{39,40}.safetensors
            """)

    @Argument(help: "Checkpoints, experts or other safetensors files.")
    var files: [String]

    func run() throws {
        var before: [String: [Float]] = [:]
        for path in files {
            let file = try SafetensorsFile(path: path)
            for (name, tensor) in file.tensors.sorted(by: { $0.key < $1.key }) where tensor.element == .float32 {
                let values = try file.floats(of: name)
                report("\(path): \(name)", values)
                if let old = before[name], old.count == values.count {
                    report("\(path): \(name), difference", Self.difference(old, values))
                }
                before[name] = values
            }
        }
        var random = SeededRandom(seed: 1)
        let large = (0..<720_896).map { _ in Float(1 + 0.03 * random.nextNormal()) }
        report("numbers around 1 with standard deviation 0.03", large)
        report("the same, 0.002 further", large.map { Float(Double($0) + 0.002 * random.nextNormal()) }, after: large)
    }

    private static func difference(_ a: [Float], _ b: [Float]) -> [Float] {
        zip(a, b).map { Float(bitPattern: $0.bitPattern ^ $1.bitPattern) }
    }

    private func report(_ what: String, _ values: [Float], after old: [Float]) {
        report(what, values)
        report("\(what), difference", Self.difference(old, values))
    }

    private func report(_ what: String, _ values: [Float]) {
        var packed = Data()
        let packing = seconds { packed = DeflatedValues.pack(values) }
        var isSame = false
        let unpacking = seconds {
            isSame =
                DeflatedValues.unpack(packed, count: values.count).map { $0.elementsEqual(values, by: same) } ?? false
        }
        precondition(isSame, "what is unpacked is what was packed")
        let bytes = 4 * values.count
        print(
            String(
                format:
                    "%@: %ld bytes, packed %.1f %%, in %.1f ms and back in %.1f ms; at 100 Mbit/s they take %.1f ms",
                what, bytes, 100 * Double(packed.count) / Double(bytes), 1_000 * packing, 1_000 * unpacking,
                8_000 * Double(bytes) / 1e8))
    }

    private func same(_ a: Float, _ b: Float) -> Bool { a.bitPattern == b.bitPattern }
}
