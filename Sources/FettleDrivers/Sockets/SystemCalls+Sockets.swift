#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension SystemCalls {
    /// - Parameter address: the bytes of a `sockaddr`.
    /// - Returns: 0, or the error's number.
    static func connect(_ descriptor: CInt, _ address: [UInt8]) -> CInt {
        address.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return EINVAL }
            let pointer = start.assumingMemoryBound(to: sockaddr.self)
            #if canImport(Glibc)
                let status = Glibc.connect(descriptor, pointer, socklen_t(bytes.count))
            #elseif canImport(Musl)
                let status = Musl.connect(descriptor, pointer, socklen_t(bytes.count))
            #endif
            return status == 0 ? 0 : errno
        }
    }

    static func isProgram(_ path: String) -> Bool {
        #if canImport(Glibc)
            Glibc.access(path, X_OK) == 0
        #elseif canImport(Musl)
            Musl.access(path, X_OK) == 0
        #endif
    }
}
