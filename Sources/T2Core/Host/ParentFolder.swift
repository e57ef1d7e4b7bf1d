/// The folder that holds a path: what stands before the last slash, `.` if there is none.
///
/// Not Foundation's `deletingLastPathComponent`: on Linux that traps for a path of one character.
package func parentFolder(of path: String) -> String {
    var rest = path[...]
    while rest.count > 1, rest.last == "/" { rest.removeLast() }
    guard let slash = rest.lastIndex(of: "/") else { return "." }
    return slash == rest.startIndex ? "/" : String(rest[..<slash])
}
