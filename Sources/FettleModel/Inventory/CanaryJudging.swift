/// How a canary is judged while it is watched.
public struct CanaryJudging: Codable, Sendable, Hashable {
    /// By the group's probes alone, or also compared with members that were not patched.
    public var method: Method
    /// How many members that are not patched yet are compared with; nil: one, where the group can spare it.
    public var controls: Int?
    /// Until so many seconds after its beginning the watch goes on where too little was seen to tell; nil: three times
    /// the bake.
    public var extendUntilSeconds: Int?
    /// Whether those that are compared with are restarted as they are before the watch begins, as far as they can be; nil: they are,
    /// where a probe of the group names a unit.
    public var restartsControls: Bool?
    /// Whether those behind the canary are watched as well when the last of them is back, and compared with what they were before:
    /// nobody is left who was not patched. nil: they are not.
    public var watchesRest: Bool?

    public init(
        method: Method = .compared, controls: Int? = nil, extendUntilSeconds: Int? = nil,
        restartsControls: Bool? = nil, watchesRest: Bool? = nil
    ) {
        self.method = method
        self.controls = controls
        self.extendUntilSeconds = extendUntilSeconds
        self.restartsControls = restartsControls
        self.watchesRest = watchesRest
    }

    public enum Method: String, Codable, Sendable, CaseIterable {
        case probes, compared
    }
}
