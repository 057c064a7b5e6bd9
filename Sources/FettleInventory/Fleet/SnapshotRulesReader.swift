internal import FettleModel

/// Reads `snapshot` of a group: that its members' disks are kept as they are while they are patched.
struct SnapshotRulesReader {
    let reading: Reading

    static let keys = ["driver", "leastFree", "keep", "oldest", "mustFreeze", "mayLoseWrites"]
    static let drivers = ["libvirt"]

    func read(_ value: YAMLValue, of group: ResourceGroup) -> SnapshotRules? {
        guard let fields = Fields(value, of: "'snapshot'", keys: Self.keys, reading) else { return nil }
        let driver = fields.required("driver", of: "'snapshot'", reading, hint: "such as libvirt").flatMap {
            reading.driver($0, in: Self.drivers, doing: "takes snapshots")
        }
        guard let driver else { return nil }
        var rules = SnapshotRules(driver: driver)
        if let value = fields["leastFree"], let free = reading.quantity(value, "leastFree") { rules.leastFree = free }
        let longest = StrategyReader.longestSeconds
        if let value = fields["keep"], let seconds = reading.seconds(value, "keep", in: 0...longest) {
            rules.keepSeconds = seconds
        }
        if let value = fields["oldest"], let seconds = reading.seconds(value, "oldest", in: 1...longest) {
            rules.oldestSeconds = seconds
        }
        if let value = fields["mustFreeze"], let flag = reading.boolean(value, "mustFreeze") { rules.mustFreeze = flag }
        if let value = fields["mayLoseWrites"], let flag = reading.boolean(value, "mayLoseWrites") {
            rules.mayLoseWrites = flag
        }
        judge(rules, of: group, at: value.place)
        return rules
    }

    private func judge(_ rules: SnapshotRules, of group: ResourceGroup, at place: Place) {
        if rules.keepSeconds >= rules.oldestSeconds {
            reading.problem(
                "snapshots are kept for \(rules.keepSeconds) s behind the last member, and may become "
                    + "\(rules.oldestSeconds) s old", at: place, hint: "'oldest' has to leave time for all members")
        }
        switch group.strategy {
        case .replace, .throughController:
            reading.problem(
                "members that are made anew, or are taken through by a controller, have no snapshots", at: place,
                hint: "leave 'snapshot' out, or choose rolling")
        default: break
        }
        guard group.kind != .pool, group.kind != .environmentPair, !rules.mayLoseWrites else { return }
        reading.problem(
            "members of a \(group.kind.rawValue) hold what would be lost by going back to a snapshot", at: place,
            hint: "leave 'snapshot' out, or say 'mayLoseWrites: true'")
    }
}
