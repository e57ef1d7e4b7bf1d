import Foundation

/// Whether there is a folder at a path.
package func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
}

/// The folder that contains a path: the part before the last slash, `.` if there is none.
///
/// Foundation's `deletingLastPathComponent` traps on Linux for a path of one character.
package func parentFolder(of path: String) -> String {
    var rest = path[...]
    while rest.count > 1, rest.last == "/" { rest.removeLast() }
    guard let slash = rest.lastIndex(of: "/") else { return "." }
    return slash == rest.startIndex ? "/" : String(rest[..<slash])
}
