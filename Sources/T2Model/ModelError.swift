import T2Core

/// The errors inside the model despite well-formed inputs.
package enum ModelError: UserFacingError, Equatable {
    /// A NaN or an infinity, which must not enter any average.
    case nonFinite(quantity: String, location: String)

    package var description: String {
        switch self {
        case .nonFinite(let quantity, let location):
            "\(location): \(quantity) is not finite. The expert's z has probably grown too far: use another expert, or train it again "
                + "with a lower learning-rate in another --run-dir."
        }
    }

    package var exitStatus: ExitStatus { .data }
}
