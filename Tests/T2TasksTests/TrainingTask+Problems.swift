import T2Core
import T2Tasks

extension TrainingTask {
    /// The problems of a split with the prompts for a base model; a bad record is an error.
    func problems(split: Split, in dataFolder: String) throws -> [Problem] {
        try problems(split: split, in: dataFolder, form: .plain, onBadRecord: .fail).problems
    }
}
