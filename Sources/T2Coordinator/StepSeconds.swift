/// Where a step's wall-clock time went.
struct StepSeconds: Sendable, Equatable {
    var collect = 0.0
    var update = 0.0
    var checkpoint = 0.0

    var total: Double { collect + update + checkpoint }
}
