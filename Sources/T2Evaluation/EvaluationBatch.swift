/// How an evaluation's problems are cut.
package enum EvaluationBatch {
    /// Problems sampled together, on one machine and on a cluster alike, so that a completion depends on neither.
    package static let problems = 32
}
