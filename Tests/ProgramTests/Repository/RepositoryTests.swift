import Foundation
import Testing

@Suite("The repository")
struct RepositoryTests {
    /// Paths that only one machine has, such as a user's or a build machine's folders; an extended regular expression.
    ///
    /// It is put together from parts, so that this file does not contain what it looks for. Folders that every Linux machine has
    /// and that the sandbox's tests name, such as `/home` alone, are not such paths.
    private static let machinePath =
        "(^|[^A-Za-z0-9_.)}-])/(home/[A-Za-z]|Users/[A-Za-z]|root/[A-Za-z.]|work([^A-Za-z0-9_-]|$))"
        + "|[.]" + "library/"

    @Test(
        "no tracked text names a path of one machine",
        .enabled("this is not a git checkout, so it is not known which files are tracked") { try Checkout.isAvailable })
    func paths() throws {
        #expect(try Checkout.git(["grep", "-I", "-c", "", "--", "Package.swift", "README.md"]) != nil)
        // git grep fails if it finds nothing.
        let found = try Checkout.git(["grep", "-I", "-n", "-E", Self.machinePath])
        #expect(found == nil, "tracked files name paths of one machine:\n\(found ?? "")")
    }

    @Test(
        "what such a path is, and what is not",
        arguments: [
            ("/ho" + "me/ann/t2", true), ("in /wo" + "rk: cd", true), ("'/wo" + "rk/x'", true),
            ("/ro" + "ot/.cache", true), ("cat ." + "library/x", true), ("scripts/workers.py", false),
            ("(logs)/worker-1.log", false),
            ("\"/home\", \"/root\"", false), ("throw .library(operation: 1)", false), ("/proc/1/root", false),
            ("/worker", false), ("https://example.org/home/x", false),
        ])
    func forms(text: String, isMachinePath: Bool) throws {
        #expect(try text.contains(Regex(Self.machinePath)) == isMachinePath)
    }
}
