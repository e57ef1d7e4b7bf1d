import Foundation

/// The reason why ordinary users cannot create namespaces on this machine, which bubblewrap needs.
package struct NamespaceRestriction: Equatable {
    package let cause: String
    /// A sentence without a full stop.
    package let remedy: String

    /// The first restriction in force; nil if the settings show none.
    ///
    /// - Parameter root: the folder that holds `proc` and the marker files of containers; tests use another one.
    package static func find(root: String = "") -> NamespaceRestriction? {
        for (setting, forbidding, allowing, meaning) in settings where value(of: setting, root: root) == forbidding {
            return NamespaceRestriction(
                cause: "\(meaning) (\(setting) is \(forbidding))", remedy: "As root: sysctl -w \(setting)=\(allowing)")
        }
        let isContainer = ["/.dockerenv", "/run/.containerenv"].contains { access(root + $0, F_OK) == 0 }
        return isContainer
            ? NamespaceRestriction(
                cause: "this container forbids new namespaces",
                remedy: "Start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined")
            : nil
    }

    private static let settings = [
        (
            "kernel.unprivileged_userns_clone", forbidding: "0", allowing: "1",
            meaning: "the kernel denies user namespaces to ordinary users"
        ),
        (
            "user.max_user_namespaces", forbidding: "0", allowing: "10000",
            meaning: "the kernel allows no user namespaces at all"
        ),
        (
            "kernel.apparmor_restrict_unprivileged_userns", forbidding: "1", allowing: "0",
            meaning: "AppArmor denies user namespaces to programs without a profile, as on Ubuntu since 24.04"
        ),
    ]

    private static func value(of setting: String, root: String) -> String? {
        let path = "\(root)/proc/sys/\(setting.replacing(".", with: "/"))"
        return try? String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
