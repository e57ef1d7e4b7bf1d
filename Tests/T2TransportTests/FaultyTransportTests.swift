import T2Core
import T2TestSupport
import T2Transport
import Testing

@Suite struct FaultyTransportTests {
    static let alpha = WorkerIdentifier.named("alpha")

    /// What the coordinator sees of `count` numbered messages sent through the plan, and how often each fate struck.
    static func numbersArriving(
        _ count: Int, _ plan: FaultPlan
    ) async throws -> (numbers: [Int], faults: [FaultPlan.Fate: Int]) {
        let network = InMemoryNetwork(queueLength: 10 * count)
        let coordinator = await network.listen()
        let worker = FaultyTransport(try await network.connect(alpha), plan: plan)
        for number in 0..<count { _ = try await worker.send(.credit(Credit(count: number)), before: nil) }
        #expect(await worker.nextEvent(before: nil) == (plan.cutAt == nil ? .connected : .closed))
        return (await credits(at: coordinator), await worker.faults)
    }

    /// What has arrived, without waiting for more.
    static func credits(at coordinator: InMemoryCoordinatorTransport) async -> [Int] {
        var numbers: [Int] = []
        while case .message(.credit(let credit), _)? = await coordinator.nextEvent(before: .now - .seconds(1)) {
            numbers.append(credit.count)
        }
        return numbers
    }

    @Test("the same seed gives the same faults, another seed others")
    func determinism() async throws {
        let plan = FaultPlan(seed: 1, drop: 0.2, duplicate: 0.2, hold: 0.2)
        let first = try await Self.numbersArriving(200, plan)
        let again = try await Self.numbersArriving(200, plan)
        var other = plan
        other.seed = 2
        #expect(first.numbers == again.numbers && first.faults == again.faults)
        #expect(try await Self.numbersArriving(200, other).numbers != first.numbers)
    }

    @Test("without faults everything passes as it is")
    func transparent() async throws {
        let (numbers, faults) = try await Self.numbersArriving(50, FaultPlan(seed: 1))
        #expect(numbers == Array(0..<50) && faults == [.pass: 50])
    }

    @Test("dropped messages are missing and no others")
    func dropping() async throws {
        let plan = FaultPlan(seed: 3, drop: 0.3)
        let (numbers, faults) = try await Self.numbersArriving(200, plan)
        #expect(numbers == (0..<200).filter { plan.fate(of: $0, .toCoordinator) == .pass })
        #expect((faults[.drop] ?? 0) > 30)
    }

    @Test("doubled messages come twice")
    func doubling() async throws {
        let plan = FaultPlan(seed: 3, duplicate: 0.3)
        let (numbers, faults) = try await Self.numbersArriving(200, plan)
        let expected = (0..<200).flatMap { plan.fate(of: $0, .toCoordinator) == .duplicate ? [$0, $0] : [$0] }
        #expect(numbers == expected)
        #expect((faults[.duplicate] ?? 0) > 30)
    }

    @Test("held messages are overtaken, and every one arrives once")
    func reordering() async throws {
        let (numbers, _) = try await Self.numbersArriving(200, FaultPlan(seed: 3, hold: 0.3))
        #expect(numbers != Array(0..<200))
        #expect(numbers.sorted() == Array(0..<200))
    }

    @Test("a worker that is cut vanishes with what it was about to say")
    func cutting() async throws {
        let (numbers, faults) = try await Self.numbersArriving(20, FaultPlan(seed: 3, cutAt: 7))
        #expect(numbers == Array(0..<7))
        #expect(faults[.cut] == 13)
    }

    @Test("messages to the worker meet their fates too, and none that is held is lost")
    func towardsTheWorker() async throws {
        let plan = FaultPlan(seed: 5, drop: 0.2, duplicate: 0.2, hold: 0.2)
        let network = InMemoryNetwork(queueLength: 1000)
        let coordinator = await network.listen()
        let worker = FaultyTransport(try await network.connect(Self.alpha), plan: plan)
        for number in 0..<100 {
            #expect(try await coordinator.send(.credit(Credit(count: number)), to: Self.alpha.peer()) == .sent)
        }
        #expect(await worker.nextEvent(before: nil) == .connected)
        var numbers: [Int] = []
        while case .message(.credit(let credit))? = await worker.nextEvent(before: .now - .seconds(1)) {
            numbers.append(credit.count)
        }
        let expected = (0..<100).flatMap { number in
            switch plan.fate(of: number, .toWorker) {
            case .drop, .cut: [Int]()
            case .duplicate: [number, number]
            case .pass, .hold: [number]
            }
        }
        #expect(numbers != expected, "some were overtaken")
        #expect(numbers.sorted() == expected)
    }
}
