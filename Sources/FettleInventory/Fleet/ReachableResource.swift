internal import FettleModel

extension DeclaredResources {
    /// The resource that a setting names, if Fettle can reach it.
    /// - Parameters:
    ///   - key: of the setting.
    ///   - ids: of all resources, sorted: for hints.
    func reachable(_ value: YAMLValue, _ key: String, _ ids: [String], _ reading: Reading) -> Resource? {
        guard let name = reading.text(value, "'\(key)'") else { return nil }
        guard let resource = self[name] else {
            reading.problem(
                "unknown resource \(name.quoted) in '\(key)'", at: value.place,
                hint: Suggestion.hint(for: name, in: ids, otherwise: "known resources"))
            return nil
        }
        guard resource.address.transport != .none else {
            reading.problem("\(name.quoted) cannot be reached: its address is 'none'", at: value.place)
            return nil
        }
        return resource
    }
}
