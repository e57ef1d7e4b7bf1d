import Foundation

/// A colour as linear light, or as it appears to readers with a colour vision deficiency.
struct SeenColor {
    /// The channels in linear sRGB, 0…1.
    let light: [Double]

    /// - Parameter text: `#rrggbb`.
    init?(_ text: String) { self.init(mixing: text, text, share: 0) }

    /// A colour drawn over a ground with the opacity `share`, as browsers mix them.
    init?(mixing ground: String, _ color: String, share: Double) {
        guard let ground = Self.channels(ground), let color = Self.channels(color) else { return nil }
        light = zip(ground, color).map { below, above in
            let value = below + (above - below) * share
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
    }

    /// The channels in sRGB, 0…1.
    private static func channels(_ text: String) -> [Double]? {
        guard text.count == 7, text.hasPrefix("#"), let value = Int(text.dropFirst(), radix: 16) else { return nil }
        return [16, 8, 0].map { Double(value >> $0 & 0xFF) / 255 }
    }

    private init(light: [Double]) { self.light = light }

    /// The matrices of full dichromacy, in linear sRGB.
    ///
    /// - Source: G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A physiologically-based model for simulation of
    ///   color vision deficiency", IEEE TVCG 15 (2009), severity 1.
    static let visions: KeyValuePairs<String, [[Double]]> = [
        "trichromacy": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "protanopia": [
            [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998],
        ],
        "deuteranopia": [
            [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881],
        ],
        "tritanopia": [
            [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900],
        ],
    ]

    func seen(by vision: [[Double]]) -> SeenColor { SeenColor(light: Self.product(vision, light)) }

    /// The contrast ratio of WCAG 2.2, in 1…21.
    func contrast(to other: SeenColor) -> Double {
        let lights = [xyz[1], other.xyz[1]].sorted()
        return (lights[1] + 0.05) / (lights[0] + 0.05)
    }

    /// The CIE 1976 colour difference.
    func distance(to other: SeenColor) -> Double {
        zip(lab, other.lab).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }

    private var xyz: [Double] {
        let matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
        return Self.product(matrix, light)
    }

    private var lab: [Double] {
        let f = zip(xyz, [0.9505, 1, 1.089]).map { value, white in
            let share = max(0, value) / white
            return share > 0.008856 ? cbrt(share) : 7.787 * share + 16 / 116.0
        }
        return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]
    }

    private static func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
        matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
    }
}
