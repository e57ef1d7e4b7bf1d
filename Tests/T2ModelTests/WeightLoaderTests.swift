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
}
