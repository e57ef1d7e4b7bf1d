import T2Report
import Testing

@Suite("SeriesColors")
struct SeriesColorsTests {
    private let colors = SeriesColors([
        "base", "LoRA", "SVF", "prompt", "cls", "few-shot", "best", "own", "in order", "shuffled",
    ])

    @Test("a name has the same colour in every figure where it is free")
    func same() {
        #expect(colors.slots(["base", "LoRA", "SVF"]) == [0, 1, 2])
        #expect(colors.slots(["SVF", "few-shot"]) == [2, 5])
    }

    @Test(
        "colours are distinct from their ground and from each other, for every kind of colour vision",
        arguments: [
            (SeriesColors.light, SeriesColors.lightGround), (SeriesColors.dark, SeriesColors.darkGround),
        ])
    func palette(colors: [String], ground: String) throws {
        #expect(colors.count == SeriesColors.count)
        let background = try #require(SeenColor(ground))
        let colors = try colors.map { try #require(SeenColor($0)) }
        for color in colors { #expect(color.contrast(to: background) >= 3) }
        for (vision, matrix) in SeenColor.visions {
            for (index, color) in colors.enumerated() {
                for other in colors[(index + 1)...] {
                    let distance = color.seen(by: matrix).distance(to: other.seen(by: matrix))
                    #expect(distance >= (vision == "tritanopia" ? 17 : 24), "\(vision): \(color) and \(other)")
                }
            }
        }
    }

    @Test("no figure with up to eight names shows a colour twice")
    func distinct() {
        let names = ["base", "own", "in order", "shuffled", "few-shot", "x", "y", "z"]
        let slots = colors.slots(names)
        #expect(Set(slots).count == 8)
        #expect(slots[0] == 0 && slots[4] == 5)
        let many = colors.slots((0..<20).map { "name \($0)" })
        #expect(many.count == 20 && many.allSatisfy { (0..<8).contains($0) })
    }
}
