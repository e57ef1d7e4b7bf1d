import T2Core

/// Wall time of a block, in seconds.
func seconds(_ body: () throws -> Void) rethrows -> Double { try ContinuousClock().measure(body).seconds }
