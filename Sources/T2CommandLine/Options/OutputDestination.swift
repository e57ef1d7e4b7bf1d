import Foundation
import T2Core

/// A path that a command will write to after long work.
package struct OutputDestination {
    package let path: String

    /// Changes nothing on disk.
    ///
    /// - Throws: `SystemError` or `InputError` if the path could not be written.
    package init(checking path: String) throws {
        self.path = path
        if isFolder(path) { throw SystemError("write", path, code: EISDIR) }
        let folder = parentFolder(of: path)
        guard isFolder(folder) else {
            throw InputError(
                path, "cannot be written: there is no folder '\(folder)'",
                remedy: "Create it first, or choose another path.", exitStatus: .cannotCreate)
        }
        guard access(folder, W_OK | X_OK) == 0 else { throw SystemError("write", path) }
    }
}
