import CZlib
import Foundation
import T2Core

/// Float32 values as fewer bytes: those of each significance together, then deflated (RFC 1950). The values come back
/// unchanged.
///
/// It saves where exponents repeat: the numbers of z are near 1, so that two of their four bytes hardly differ. The low bytes
/// of a mantissa are noise, which is copied. Only runs and frequencies are looked for, since there is no text to find again.
package enum DeflatedValues {
    /// The largest ratio of deflate, which a longer content than this would exceed.
    private static let largestRatio = 1_032

    /// - Cost: about 7 ms a megabyte.
    package static func pack(_ values: [Float]) -> Data {
        let count = values.count
        guard count > 0 else { return Data() }
        let planes = [UInt8](unsafeUninitializedCapacity: 4 * count) { planes, initialized in
            values.withUnsafeBytes { bytes in
                for place in 0..<4 {
                    for index in 0..<count { planes[place * count + index] = bytes[4 * index + place] }
                }
            }
            initialized = 4 * count
        }
        var stream = z_stream()
        let status = deflateInit2_(
            &stream, 1, Z_DEFLATED, MAX_WBITS, 9, Z_RLE, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib has memory for its state")
        defer { deflateEnd(&stream) }
        var packed = Data(count: Int(deflateBound(&stream, UInt(planes.count))))
        let length = packed.withUnsafeMutableBytes { output in
            planes.withUnsafeBufferPointer { input in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(output.count)
                let status = deflate(&stream, Z_FINISH)
                precondition(status == Z_STREAM_END, "the output has room for the whole stream")
                return Int(stream.total_out)
            }
        }
        packed.count = length
        return packed
    }

    /// Restores `count` values. Memory is allocated only for as many as the bytes can hold.
    ///
    /// - Returns: nil if the bytes are not the packed form of exactly this many values.
    package static func unpack(_ packed: Data, count: Int) -> [Float]? {
        guard count > 0 else { return packed.isEmpty ? [] : nil }
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: 4)
        guard !overflow, byteCount <= packed.count * largestRatio, packed.count <= Int(UInt32.max),
            byteCount <= Int(UInt32.max)
        else { return nil }
        var stream = z_stream()
        guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        // One more byte would mean that the content is longer.
        var planes = [UInt8](repeating: 0, count: byteCount + 1)
        let isWhole = planes.withUnsafeMutableBufferPointer { output in
            packed.withUnsafeBytes { input in
                let bytes = input.bindMemory(to: UInt8.self)
                stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
                stream.avail_in = UInt32(bytes.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.total_out == byteCount
                    && stream.avail_in == 0
            }
        }
        guard isWhole else { return nil }
        return [Float](unsafeUninitializedCapacity: count) { values, initialized in
            let bytes = UnsafeMutableRawBufferPointer(values)
            for place in 0..<4 {
                for index in 0..<count { bytes[4 * index + place] = planes[place * count + index] }
            }
            initialized = count
        }
    }
}
