import Foundation

/// Two folders change their places in one moment, in which neither is missing.
enum AtomicExchange {
    /// `RENAME_EXCHANGE` of linux/fs.h.
    private static let flag: UInt32 = 2
    private typealias Function =
        @convention(c) (
            Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
        ) -> Int32

    /// - Returns: false where one of both is not there, or the system or the file system has no such thing; nothing was changed then.
    ///
    /// Source: renameat2(2). Foundation does not show it, so that the C library is asked by name.
    static func exchange(_ one: URL, _ other: URL) -> Bool {
        guard let symbol = dlsym(nil, "renameat2") else { return false }
        let function = unsafeBitCast(symbol, to: Function.self)
        return function(AT_FDCWD, one.path, AT_FDCWD, other.path, flag) == 0
    }
}
