import T2Sandbox
import T2TestSupport
import Testing

@Suite("A machine that forbids namespaces")
struct NamespaceRestrictionTests {
    private let root: TemporaryFolder

    init() throws { root = try TemporaryFolder() }

    @Test(
        "is told by its setting, and how to change it",
        arguments: [
            ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
            ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
            (
                "kernel/apparmor_restrict_unprivileged_userns", "1",
                "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
            ),
        ])
    func settings(setting: String, value: String, remedy: String) throws {
        try root.write("\(value)\n", to: "proc/sys/\(setting)")
        let found = try #require(NamespaceRestriction.find(root: root.path))
        #expect(found.cause.hasSuffix("(\(setting.replacing("/", with: ".")) is \(value))"))
        #expect(found.remedy == "As root: \(remedy)")
        let error = SandboxError.broken("bwrap: no", restriction: found)
        #expect(
            error.description
                == "program sandbox: a trial program could not be run: bwrap: no: \(found.cause). \(found.remedy)")
    }

    @Test("may be a container", arguments: [".dockerenv", "run/.containerenv"])
    func container(mark: String) throws {
        try root.write("", to: mark)
        #expect(NamespaceRestriction.find(root: root.path)?.remedy.contains("--security-opt") == true)
    }

    @Test("is not suspected where nothing is forbidden")
    func allowed() throws {
        #expect(NamespaceRestriction.find(root: root.path) == nil)
        try root.write("1\n", to: "proc/sys/kernel/unprivileged_userns_clone")
        try root.write("100\n", to: "proc/sys/user/max_user_namespaces")
        try root.write("0\n", to: "proc/sys/kernel/apparmor_restrict_unprivileged_userns")
        #expect(NamespaceRestriction.find(root: root.path) == nil)
    }
}
