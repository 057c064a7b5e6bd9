/// Paths as text, where a file need not be there.
public enum FilePath {
    /// The folder that a path lies in, as `dirname` has it, but empty where the path names none: `a/b` for `a/b/c`, `/` for `/c`.
    ///
    /// In place of Foundation's `deletingLastPathComponent` of NSString, which ends the process for a path of one letter.
    public static func folder(of path: String) -> String {
        let bytes = path.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return slash == bytes.startIndex ? "/" : String(path[..<slash])
    }
}
