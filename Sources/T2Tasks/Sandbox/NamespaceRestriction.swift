import Foundation

/// Why this machine lets ordinary users make no namespaces, which is what bubblewrap does first.
struct NamespaceRestriction: Equatable {
    let cause: String
    /// A sentence without its full stop.
    let remedy: String

    /// The first restriction that is in force; nil if the settings tell of none.
    ///
    /// - Parameter root: the folder that holds `proc` and a container's marks; another one in tests.
    static func find(root: String = "") -> NamespaceRestriction? {
        switches.first { value(of: $0.setting, root: root) == $0.forbidding }?.restriction ?? container(root: root)
    }

    private struct Switch {
        let setting: String
        let forbidding: String
        let allowing: String
        let means: String

        var restriction: NamespaceRestriction {
            NamespaceRestriction(
                cause: "\(means) (\(setting) is \(forbidding))", remedy: "As root: sysctl -w \(setting)=\(allowing)")
        }
    }

    private static let switches = [
        Switch(
            setting: "kernel.unprivileged_userns_clone", forbidding: "0", allowing: "1",
            means: "the kernel keeps user namespaces from ordinary users"),
        Switch(
            setting: "user.max_user_namespaces", forbidding: "0", allowing: "10000",
            means: "the kernel allows no user namespaces at all"),
        Switch(
            setting: "kernel.apparmor_restrict_unprivileged_userns", forbidding: "1", allowing: "0",
            means: "AppArmor keeps user namespaces from programs without a profile, as Ubuntu does since 24.04"),
    ]

    private static func value(of setting: String, root: String) -> String? {
        let path = "\(root)/proc/sys/\(setting.replacing(".", with: "/"))"
        return try? String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func container(root: String) -> NamespaceRestriction? {
        guard ["/.dockerenv", "/run/.containerenv"].contains(where: { access(root + $0, F_OK) == 0 }) else {
            return nil
        }
        return NamespaceRestriction(
            cause: "this is a container whose rules forbid new namespaces",
            remedy: "Start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined")
    }
}
