import T2Core

extension ReportDocument {
    /// Checks that the document can be shown.
    ///
    /// - Parameter location: the name of the document in error messages.
    /// - Throws: `InputError`, which names the section and the value in it that cannot be shown.
    package func check(_ location: String = "report") throws {
        let check = ReportCheck(location: location)
        try check.at("format").require(format == Self.format, "found '\(format)', expected '\(Self.format)'")
        try check.require(!title.isEmpty, "it has no title")
        try check.at("models").names(models.map(\.name), "model")
        try seenTasks?.check(check.at("seen_tasks"))
        try unseenTasks?.check(check.at("unseen_tasks"))
        try dispatch?.check(check.at("dispatch"))
        try contribution?.check(check.at("contribution"))
        try transfer?.check(check.at("transfer"))
        try learning?.check(check.at("learning"))
        try fewShotMethods?.check(check.at("few_shot_methods"))
    }
}

extension AccuracyTable {
    func check(_ check: ReportCheck) throws {
        try check.names(tasks, "task")
        try check.names(names, "system")
        for system in systems {
            let check = check.at(system.name)
            try check.count(system.parameters, "parameters")
            try check.count(system.bytesPerUnit, "bytes_per_unit")
            try check.count(system.rollouts, "rollouts")
            for (task, cell) in system.cells.sorted(by: { $0.key < $1.key }) {
                try check.known(task, among: tasks, "task of this table")
                try check.at(task).accuracy(cell.accuracy)
            }
        }
        for comparison in comparisons {
            let check = check.at("comparisons")
            try check.known(comparison.task, among: tasks, "task of this table")
            for name in [comparison.system, comparison.against] {
                try check.known(name, among: names, "system of this table")
            }
        }
    }
}

extension DispatchAnalysis {
    func check(_ check: ReportCheck) throws {
        try check.names(matrices.map(\.name), "strategy")
        for matrix in matrices {
            let check = check.at(matrix.name)
            try check.names(matrix.categories, "category")
            try check.names(matrix.decisions, "decision")
            try check.require(
                matrix.counts.count == matrix.categories.count
                    && matrix.counts.allSatisfy { $0.count == matrix.decisions.count },
                "counts have rows of \(matrix.counts.map(\.count)), expected \(matrix.categories.count) rows of "
                    + "\(matrix.decisions.count)")
            for count in matrix.counts.joined() { try check.count(count, "a count") }
        }
    }
}

extension ContributionAnalysis {
    func check(_ check: ReportCheck) throws {
        try check.names(experts, "expert")
        try check.names(tasks.map(\.name), "task")
        for task in tasks {
            let check = check.at(task.name)
            let count = task.coefficients.count
            try check.require(count == experts.count, "it has \(count) coefficients, expected \(experts.count)")
            for value in task.coefficients { try check.number(value, "a coefficient") }
        }
    }
}

extension LearningCurves {
    func check(_ check: ReportCheck) throws {
        try check.names(curves.map { "\($0.system) on \($0.task)" }, "curve")
        for curve in curves {
            let check = check.at("\(curve.system) on \(curve.task)")
            try check.rising(curve.evaluations.map(\.step), "step")
            try check.rising(curve.rewards.map(\.step), "step")
            for evaluation in curve.evaluations { try check.accuracy(evaluation.accuracy) }
            for reward in curve.rewards { try check.number(reward.reward, "a reward", in: -1...1) }
        }
    }
}

extension FewShotComparison {
    func check(_ check: ReportCheck) throws {
        try results.check(check.at("results"))
        try check.names(searches.map { "\($0.method) on \($0.task)" }, "search")
        for search in searches {
            let check = check.at("\(search.method) on \(search.task)")
            try check.rising(search.points.map(\.rollouts), "rollouts")
            for point in search.points { try check.number(point.score, "a score", in: 0...1) }
        }
    }
}
