import T2Core
import T2Formats
import T2Numerics
import T2TestSupport
import Testing

@Suite("Loaded weights")
struct WeightLoaderTests {
    @Test("of several pieces are those of the file, as they are, transposed, and rounded to bfloat16")
    func pieces() throws {
        let model = try TinyModel(vocabulary: 60_000)
        defer { model.remove() }
        let name = "model.embed_tokens.weight"
        let file = try SafetensorsFile(path: model.weightsPath)
        let (rows, columns) = (file.tensors[name]!.shape[0], file.tensors[name]!.shape[1])
        try #require(file.tensors[name]!.range.count > MappedFile.pieceBytes)
        let expected = try file.floats(of: name)
        let loader = WeightLoader(try BaseModelFolder(path: model.path))

        #expect(try loader.load(name, shape: [rows, columns]).values == expected)

        let transposed = FloatBuffer(count: expected.count)
        try loader.loadTransposed(name, into: transposed.matrix(rows: columns, columns: rows))
        var areEqual = true
        for row in 0..<rows {
            for column in 0..<columns {
                areEqual =
                    areEqual && transposed.pointer[column * rows + row] == expected[row * columns + column]
            }
        }
        #expect(areEqual)

        let half = try loader.loadHalf(name, rows: rows, columns: columns)
        let found = (0..<expected.count).map { Float(bitPattern: UInt32(half.pointer[$0]) << 16) }
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= abs($1) * 0x1p-8 })
    }

    @Test("side by side in bfloat16 have the rows of each below those of the one before")
    func joined() throws {
        let model = try TinyModel()
        defer { model.remove() }
        let loader = WeightLoader(try BaseModelFolder(path: model.path))
        let names = ["q_proj", "k_proj"].map { "model.layers.0.self_attn.\($0).weight" }
        let shapes = try names.map { try SafetensorsFile(path: model.weightsPath).tensors[$0]!.shape }
        let (rows, columns) = (shapes.map { $0[0] }, shapes[0][1])
        let joined = try loader.loadHalves(
            zip(names, rows).map { (name: $0, rows: $1) }, columns: columns)
        #expect(joined.rows == rows.reduce(0, +))
        var first = 0
        for (name, count) in zip(names, rows) {
            let single = try loader.loadHalf(name, rows: count, columns: columns)
            for index in 0..<count * columns {
                #expect(joined.row(first)[index] == single.pointer[index])
            }
            first += count
        }
    }
}
