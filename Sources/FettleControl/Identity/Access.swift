public import FettleModel

/// How whoever asks has shown who they are. Every service that changes something is given one.
public struct Access: Sendable {
    enum Way: Sendable {
        case local
        case token(AccessTokenText)
        case external(@Sendable () async throws(ControlError) -> Principal)
    }

    let way: Way

    /// By the login on this machine alone: good for everything while no users are kept, and for nothing once there are.
    public static let local = Access(way: .local)

    public static func token(_ token: AccessTokenText) -> Access { Access(way: .token(token)) }

    /// By somebody else's word, such as an issuer's of id tokens, that was verified.
    ///
    /// - Parameter principal: asked at each act; throws where the word does not hold.
    public static func external(_ principal: @escaping @Sendable () async throws(ControlError) -> Principal) -> Access {
        Access(way: .external(principal))
    }
}
