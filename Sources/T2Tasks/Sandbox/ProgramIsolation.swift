/// What stands between a program and the machine it runs on.
package enum ProgramIsolation: String, Sendable, CaseIterable {
    /// Namespaces of its own, a system call filter and limits: no network, none of the host's files and processes.
    case bubblewrap
    /// **Unsafe.** The same interpreter and limits as a child of this process, with this user's rights: a program can read
    /// and write every file that the user can, reach the network, see, stop and trace the user's processes, and leave
    /// processes behind that hide. Its verdict is worth as much as its good will, since it can reach the process that
    /// judges it. Not limited: how many processes it has and how much it writes in all. For machines where bubblewrap
    /// cannot run and that hold nothing of value; never chosen unless somebody asks for it.
    case none
}
