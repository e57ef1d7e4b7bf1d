import T2Core
import T2Formats
import T2Numerics
import Testing

@Suite("Half precision")
struct HalfPrecisionTests {
    private func narrow(_ values: [Float], _ element: TensorElement) throws -> [UInt16] {
        let bytes = try HalfPrecision.narrow(FloatBuffer(values), to: element, name: "w")
        return bytes.withUnsafeBytes { raw in
            (0..<values.count).map { UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
        }
    }

    @Test(
        "every finite number of a type survives widening and narrowing", arguments: [TensorElement.float16, .bfloat16])
    func roundTrip(element: TensorElement) throws {
        let exponent: UInt16 = element == .float16 ? 0x7c00 : 0x7f80
        let patterns = (UInt16.min...UInt16.max).filter { $0 & exponent != exponent }
        let wide = FloatBuffer(count: patterns.count)
        #expect(patterns.withUnsafeBytes { HalfPrecision.widen($0, element, into: wide) })
        #expect(try narrow(wide.values, element) == patterns)
    }

    @Test("a value between two numbers is rounded to the nearer one, and the middle to the even one")
    func rounding() throws {
        // The values are 1 + k · 2⁻⁹, a quarter of the step of 2⁻⁷ that bfloat16 has there.
        let values = (0...8).map { 1 + Float($0) / 512 }
        #expect(try narrow(values, .bfloat16).map { $0 - 0x3f80 } == [0, 0, 0, 1, 1, 1, 2, 2, 2])
        // The values are 1 + k · 2⁻¹², a quarter of the step of 2⁻¹⁰ that float16 has there.
        let finer = (0...8).map { 1 + Float($0) / 4096 }
        #expect(try narrow(finer, .float16).map { $0 - 0x3c00 } == [0, 0, 0, 1, 1, 1, 2, 2, 2])
        #expect(try narrow([-1.75, -0.0], .bfloat16) == [0xbfe0, 0x8000])
    }

    @Test("float32 keeps every bit")
    func single() throws {
        let values: [Float] = [1.1, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
        let bytes = try HalfPrecision.narrow(FloatBuffer(values), to: .float32, name: "w")
        #expect(bytes == values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
    }

    @Test("a value beyond the range is refused with the tensor's name, not stored as infinity")
    func overflow() throws {
        #expect(try narrow([65504, 65519], .float16) == [0x7bff, 0x7bff])
        for (value, element) in [(Float(65520), TensorElement.float16), (.greatestFiniteMagnitude, .bfloat16)] {
            let error = #expect(throws: InputError.self) {
                try HalfPrecision.narrow(FloatBuffer([0, value]), to: element, name: "layer.weight")
            }
            #expect(error?.description.hasPrefix("layer.weight: ") == true)
        }
        #expect(throws: SafetensorsError.self) {
            try HalfPrecision.narrow(FloatBuffer([1]), to: .int32, name: "layer.weight")
        }
    }
}
