/// Why a conversation over a socket gave no answer.
struct SocketError: Error, Sendable, Equatable, CustomStringConvertible {
    var code: Code
    /// One sentence for people; holds nothing that came from the other end.
    var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    enum Code: Sendable, Equatable {
        /// Somebody is there and doesn't listen, or hung up in the middle.
        case refused, reset
        /// Nobody answers at that address.
        case noHost
        /// No answer, or not all of it, in time.
        case timeout
        /// More came than the limit.
        case tooLarge
        /// A UNIX socket that is not there, or that this user may not use.
        case notFound, permission
        /// The name has no address, or this machine has no way to the network: nothing was asked of anybody.
        case unresolvable, noNetwork
        case cancelled
        /// This machine refused: no descriptors left, an address that cannot be one.
        case system
    }

    var description: String { message }
}
