import Foundation
import T2TestSupport
import T2Version
import Testing

@Suite("Versions of the programs")
struct VersionTests {
    @Test(
        "--version prints the program's name, the version and the commit",
        arguments: ["t2", "t2-coord", "t2-worker", "t2-bench"])
    func version(program: String) throws {
        let run = try ProgramRun(["--version"], in: TemporaryFolder(), program: program)
        #expect(run.status == 0 && run.errors == "")
        let form = /(\S+) (\d+\.\d+\.\d+) \((?:([0-9a-f]{7,40})(?:\+changes)?|unknown commit)\)\n/
        let parts = try #require(run.output.wholeMatch(of: form), "\(run.output)").output
        #expect(parts.1 == program && parts.2 == ProgramVersion.number)
        guard let commit = parts.3 else {
            #expect(try !Checkout.isAvailable, "the tests are in a git checkout, but \(program) knows no commit")
            return
        }
        // Not compared with HEAD: a commit may have been made since the build.
        #expect(try Checkout.git(["cat-file", "-t", String(commit)]) == "commit\n")
    }
}
