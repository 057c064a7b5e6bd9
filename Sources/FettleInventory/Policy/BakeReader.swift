internal import FettleModel

/// Reads `bake`: how sure the judgement of a canary has to be, and what it still calls the same.
struct BakeReader {
    let reading: Reading

    static let keys = [
        "falseAlarmPercent", "latencyMarginPercent", "latencyMarginMilliseconds", "pressureMarginPercent",
        "nextMaintenance",
    ]

    func read(_ value: YAMLValue) -> BakeThresholds {
        var bake = BakeThresholds()
        guard let fields = Fields(value, of: "'bake'", keys: Self.keys, reading) else { return bake }
        if let value = fields["falseAlarmPercent"],
            let percent = reading.number(value, "falseAlarmPercent", in: 0.1...40)
        {
            bake.falseAlarmPerMille = Int((percent * 10).rounded())
        }
        if let value = fields["latencyMarginPercent"],
            let percent = reading.integer(value, "latencyMarginPercent", in: 0...1_000)
        {
            bake.latencyMarginPercent = percent
        }
        if let value = fields["latencyMarginMilliseconds"],
            let milliseconds = reading.integer(value, "latencyMarginMilliseconds", in: 0...60_000)
        {
            bake.latencyMarginMilliseconds = milliseconds
        }
        if let value = fields["pressureMarginPercent"],
            let percent = reading.integer(value, "pressureMarginPercent", in: 1...100)
        {
            bake.pressureMarginPercent = percent
        }
        if let value = fields["nextMaintenance"],
            let seconds = reading.seconds(value, "nextMaintenance", in: 3_600...315_360_000)
        {
            bake.nextMaintenanceSeconds = seconds
        }
        return bake
    }
}
