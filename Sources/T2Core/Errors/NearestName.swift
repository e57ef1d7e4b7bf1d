/// The candidate at the smallest edit distance from a misspelt name, the first of several; nil if the distance exceeds
/// half of the longer name's length.
package func nearestName(to name: String, among candidates: [String]) -> String? {
    // A longer text is no misspelt name, and the cost of the distance is the product of the lengths.
    guard name.count <= 256 else { return nil }
    let nearest = candidates.map { (name: $0, distance: editDistance(name, $0)) }.min { $0.distance < $1.distance }
    guard let nearest, nearest.distance * 2 <= max(name.count, nearest.name.count) else { return nil }
    return nearest.name
}

/// The number of insertions, deletions and replacements that turn one text into the other (Levenshtein).
private func editDistance(_ first: String, _ second: String) -> Int {
    let second = Array(second)
    var row = Array(0...second.count)
    for (i, character) in first.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in second.enumerated() {
            let replaced = diagonal + (character == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
        }
    }
    return row[second.count]
}
