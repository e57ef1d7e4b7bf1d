import T2Core

/// The error for a machine that cannot run programs in a sandbox.
package struct SandboxError: UserFacingError, Equatable {
    package let description: String
    package var exitStatus: ExitStatus { .unavailable }

    /// A program that the sandbox needs is absent.
    static func missing(_ program: String, package: String, searched: String) -> SandboxError {
        SandboxError(
            description:
                "program sandbox: \(program) was not found in \(searched). Tasks whose answers are programs need "
                + "it. Install it with: apt-get install \(package)")
    }

    /// A trial program did not run as it must.
    ///
    /// - Parameter restriction: what this machine forbids, if it is known.
    package static func broken(_ problem: String, restriction: NamespaceRestriction? = nil) -> SandboxError {
        let explanation =
            restriction.map { ": \($0.cause). \($0.remedy)" } ?? ". Unprivileged user namespaces "
            + "must be allowed: sysctl -w user.max_user_namespaces=10000; on Ubuntu 24.04 also "
            + "kernel.apparmor_restrict_unprivileged_userns=0; on older Debian kernel.unprivileged_userns_clone=1; in a "
            + "container, start it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined. The "
            + "interpreter must be readable by every user"
        return SandboxError(description: "program sandbox: a trial program could not be run: \(problem)\(explanation)")
    }
}
