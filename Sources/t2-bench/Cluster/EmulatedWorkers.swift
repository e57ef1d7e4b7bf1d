import CZeroMQ
import Foundation
import HeapModule
import T2Core
import T2Transport

/// Workers of one lane each that compute nothing: they wait for the time of a unit, then return a result of the right shape.
///
/// Each has a TCP connection of its own to a real coordinator. One ROUTER socket holds them all, with a routing id for each
/// connection, so that one thread serves a thousand of them.
final class EmulatedWorkers {
    /// The leases that a worker asks for: the one on its lane, and one ahead.
    private static let leases = 2
    /// Seconds between two reports on a lease.
    private static let progressInterval = 2.0

    private struct Timer: Comparable {
        let time: Double
        let worker: Int

        static func < (a: Timer, b: Timer) -> Bool { (a.time, a.worker) < (b.time, b.worker) }
    }

    private let context: UnsafeMutableRawPointer
    private let socket: UnsafeMutableRawPointer
    private let codec = MessageCodec()
    private let heartbeat: Data
    private let work: LogNormalWork
    private let model: (weights: Digest, tokenizer: Digest)
    private var workers: [EmulatedWorker]
    private var timers = Heap<Timer>()
    private var results = EmulatedResults()
    private let start = ContinuousClock.now
    private(set) var traffic = Traffic()

    /// - Parameter sources: the addresses of this machine that the connections come from, in turn; nil lets the system choose.
    /// - Throws: `SystemError` if a socket cannot be made.
    init(
        count: Int, to endpoint: String, from sources: [String]? = nil, work: LogNormalWork,
        model: (weights: Digest, tokenizer: Digest)
    ) throws {
        guard let context = zmq_ctx_new(), let socket = zmq_socket(context, ZMQ_ROUTER) else {
            throw SystemError("open a socket", endpoint, code: zmq_errno())
        }
        (self.context, self.socket, self.work, self.model) = (context, socket, work, model)
        heartbeat = try codec.encode(.heartbeat(Heartbeat()))
        workers = (0..<count).map { EmulatedWorker(number: $0) }
        for (option, value) in [(ZMQ_LINGER, 0), (ZMQ_SNDHWM, 0), (ZMQ_RCVHWM, 0)] {
            var value = Int32(value)
            zmq_setsockopt(socket, option, &value, MemoryLayout<Int32>.size)
        }
        for (index, worker) in workers.enumerated() {
            zmq_setsockopt(socket, ZMQ_CONNECT_ROUTING_ID, worker.name, worker.name.utf8.count)
            let source = sources.map { $0[index % $0.count] + ":0;" } ?? ""
            let address = endpoint.replacing("tcp://", with: "tcp://" + source)
            guard zmq_connect(socket, address) == 0 else { throw SystemError("connect", address, code: zmq_errno()) }
        }
    }

    deinit {
        zmq_close(socket)
        zmq_ctx_term(context)
    }

    /// Seconds since the workers were made.
    var now: Double { (ContinuousClock.now - start).seconds }

    /// Serves until `isOver` says so; it is asked about ten times a second.
    func serve(until isOver: () throws -> Bool) throws {
        for index in workers.indices {
            let hello = Hello(
                worker: WorkerIdentifier(name: workers[index].name, incarnation: 1), modelDigest: model.weights,
                tokenizerDigest: model.tokenizer, fingerprint: "emulated", lanes: 1, holding: [])
            try send(.hello(hello), from: index)
        }
        var (nextHeartbeat, nextQuestion) = (now + 1, now + 0.1)
        while true {
            let due = min(nextHeartbeat, nextQuestion, timers.min?.time ?? .infinity)
            wait(for: max(0, due - now))
            while let (worker, frame) = receive() { try take(frame, at: worker) }
            let time = now
            while let timer = timers.min, timer.time <= time {
                timers.removeMin()
                try advance(timer.worker, at: time)
            }
            if time >= nextHeartbeat {
                for index in workers.indices where workers[index].isHere { send(heartbeat, .heartbeat, from: index) }
                nextHeartbeat = time + 1
            }
            if time >= nextQuestion {
                if try isOver() { return }
                nextQuestion = time + 0.1
            }
        }
    }

    // MARK: - Messages

    private func take(_ frame: Data, at index: Int) throws {
        // Its kind alone says enough about most messages, and decoding them all would take as long as the coordinator does.
        guard let kind = MessageCodec.kind(of: frame) else { throw unexpected("a frame that is no message") }
        traffic.received(kind, bytes: frame.count)
        switch kind {
        case .heartbeat: break
        case .welcome:
            workers[index].received = 0
            try sendCredit(of: index)
        case .lease:
            guard case .lease(let lease) = try codec.decode(frame) else { return }
            traffic.leased(lease, at: now)
            workers[index].received += 1
            workers[index].held.append(lease)
            for policy in workers[index].request(lease.work.policies) {
                try send(.getBlob(GetBlob(digest: policy)), from: index)
            }
            begin(index)
        case .blob:
            // A worker's requests are answered in their order.
            guard let digest = workers[index].takeAnswer() else { throw unexpected("a BLOB that was not asked for") }
            if !results.knows(digest), case .blob(let blob) = try codec.decode(frame) { results.note(blob) }
            begin(index)
        case .cancel:
            guard case .cancel(let cancel) = try codec.decode(frame) else { return }
            if workers[index].drop(cancel.unit) {
                begin(index)
                try sendCredit(of: index)
            }
        case .acknowledgement:
            traffic.acknowledged(isAccepted: frame.range(of: Data(#""verdict":"accepted""#.utf8)) != nil, at: now)
        case .drain:
            workers[index].isHere = false
            workers[index].held = []
            try send(.bye(Bye(reason: "drained")), from: index)
        case .reject, .error:
            throw unexpected("\(try codec.decode(frame))")
        case .hello, .credit, .getBlob, .getModel, .getChunk, .progress, .result, .bye, .model, .chunk:
            throw unexpected(kind.rawValue)
        }
    }

    private func unexpected(_ what: String) -> InputError {
        InputError("the coordinator", "sent \(what)", remedy: "Run t2-bench and t2-coord of one build.")
    }

    private func sendCredit(of index: Int) throws {
        let worker = workers[index]
        try send(.credit(Credit(count: Self.leases - worker.held.count, received: worker.received)), from: index)
    }

    // MARK: - Work

    /// Puts the first lease on the lane, if its policies are there.
    private func begin(_ index: Int) {
        guard let lease = workers[index].held.first, workers[index].lane != lease.name,
            workers[index].has(lease.work.policies)
        else { return }
        let seconds = work.seconds(step: lease.unit.step, unit: lease.unit.index, attempt: lease.attempt)
        workers[index].lane = lease.name
        workers[index].begun = now
        workers[index].finishes = workers[index].begun + seconds
        expect(index)
    }

    private func expect(_ index: Int) {
        workers[index].due = min(workers[index].finishes, now + Self.progressInterval)
        timers.insert(Timer(time: workers[index].due, worker: index))
    }

    /// Returns the result of the lease on the lane once its time has passed, and reports progress before that.
    private func advance(_ index: Int, at time: Double) throws {
        let worker = workers[index]
        // A timer of a lease that was dropped is early.
        guard let lease = worker.held.first, worker.lane == lease.name, time >= worker.due else { return }
        guard time >= worker.finishes else {
            let tokens = Int((time - worker.begun) / Self.progressInterval)
            try send(.progress(Progress(unit: lease.unit, attempt: lease.attempt, tokens: tokens)), from: index)
            return expect(index)
        }
        workers[index].held.removeFirst()
        workers[index].lane = nil
        send(results.frame(of: lease), .result, from: index)
        begin(index)
        try sendCredit(of: index)
    }

    // MARK: - Socket

    private func wait(for seconds: Double) {
        var item = zmq_pollitem_t(socket: socket, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        zmq_poll(&item, 1, Int((1000 * seconds).rounded(.up)))
    }

    private func receive() -> (worker: Int, frame: Data)? {
        guard let name = receiveFrame(), let worker = EmulatedWorker.number(of: name), let frame = receiveFrame() else {
            return nil
        }
        return (worker, frame)
    }

    private func receiveFrame() -> Data? {
        var part = zmq_msg_t()
        zmq_msg_init(&part)
        defer { zmq_msg_close(&part) }
        guard zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) >= 0 else { return nil }
        return zmq_msg_data(&part).map { Data(bytes: $0, count: zmq_msg_size(&part)) } ?? Data()
    }

    private func send(_ message: Message, from index: Int) throws {
        send(try codec.encode(message), message.kind, from: index)
    }

    private func send(_ frame: Data, _ kind: Message.Kind, from index: Int) {
        let name = workers[index].name
        traffic.sent(kind, bytes: frame.count)
        guard zmq_send(socket, name, name.utf8.count, ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0 else { return }
        _ = frame.withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, ZMQ_DONTWAIT) }
    }
}
