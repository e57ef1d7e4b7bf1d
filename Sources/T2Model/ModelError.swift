import T2Core

/// What can go wrong inside the model although its inputs were well-formed.
package enum ModelError: UserFacingError, Equatable {
    /// A NaN or an infinity where a number must be; nothing is averaged over it.
    case nonFinite(quantity: String, place: String)

    package var description: String {
        switch self {
        case .nonFinite(let quantity, let place):
            "\(place): \(quantity) is not finite. The expert's z has probably grown too far: use another expert, or train it anew "
                + "with a lower learning-rate in another --run-dir."
        }
    }

    package var exitStatus: ExitStatus { .data }
}
