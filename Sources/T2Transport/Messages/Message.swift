import T2Core

/// A message between coordinator and worker. This target's README describes the protocol.
package enum Message: Sendable, Equatable {
    // From worker to coordinator.
    case hello(Hello)
    case credit(Credit)
    case getBlob(GetBlob)
    case getModel(GetModel)
    case getChunk(GetChunk)
    case progress(Progress)
    case result(UnitResult)
    case bye(Bye)

    // From coordinator to worker.
    case welcome(Welcome)
    case reject(Reject)
    case lease(Lease)
    case blob(Blob)
    case model(ModelDescription)
    case chunk(Chunk)
    case cancel(Cancel)
    case acknowledgement(Acknowledgement)
    case drain(Drain)

    // In both directions.
    case heartbeat(Heartbeat)
    case error(ErrorReport)

    /// The first frame. A peer of another major version is refused.
    package static let version = "T2/4"

    /// The name in the second frame.
    package enum Kind: String, Sendable, CaseIterable {
        case hello = "HELLO"
        case credit = "CREDIT"
        case getBlob = "GET_BLOB"
        case getModel = "GET_MODEL"
        case getChunk = "GET_CHUNK"
        case progress = "PROGRESS"
        case result = "RESULT"
        case bye = "BYE"
        case welcome = "WELCOME"
        case reject = "REJECT"
        case lease = "LEASE"
        case blob = "BLOB"
        case model = "MODEL"
        case chunk = "CHUNK"
        case cancel = "CANCEL"
        case acknowledgement = "ACK"
        case drain = "DRAIN"
        case heartbeat = "HEARTBEAT"
        case error = "ERROR"
    }

    package var kind: Kind {
        switch self {
        case .hello: .hello
        case .credit: .credit
        case .getBlob: .getBlob
        case .getModel: .getModel
        case .getChunk: .getChunk
        case .progress: .progress
        case .result: .result
        case .bye: .bye
        case .welcome: .welcome
        case .reject: .reject
        case .lease: .lease
        case .blob: .blob
        case .model: .model
        case .chunk: .chunk
        case .cancel: .cancel
        case .acknowledgement: .acknowledgement
        case .drain: .drain
        case .heartbeat: .heartbeat
        case .error: .error
        }
    }
}
