import FettleModel

/// Seconds of a plan to places in a chart, and the marks above it. Long stretches in which nothing is done, such as the days
/// between two windows, are cut out, and shown as cut.
struct TimeAxis {
    let left: Int
    let width: Int
    let start: Timestamp?
    private(set) var pieces: [Piece] = []

    /// A stretch that is drawn to scale.
    struct Piece {
        var seconds: Range<Int>
        var from: Int
        var to: Int
    }

    /// How wide a cut is drawn.
    private static let cut = 28

    init(busy: [Range<Int>], left: Int, width: Int, start: Timestamp?) {
        self.left = left
        self.width = width
        self.start = start
        let stretches = Self.stretches(busy)
        let length = max(1, stretches.reduce(0) { $0 + $1.count })
        let room = max(1, width - (stretches.count - 1) * Self.cut)
        var x = left
        var drawn = 0
        for (index, stretch) in stretches.enumerated() {
            if index > 0 { x += Self.cut }
            drawn += stretch.count
            let end = left + index * Self.cut + Int(Double(room) * (Double(drawn) / Double(length)))
            pieces.append(Piece(seconds: stretch, from: x, to: max(x, end)))
            x = max(x, end)
        }
    }

    /// What is drawn to scale: no gap is longer than a seventh of all work. At most twelve stretches: more, and cuts would be
    /// all that is seen; then nothing is cut.
    private static func stretches(_ busy: [Range<Int>]) -> [Range<Int>] {
        guard let first = busy.first, let last = busy.last else { return [0..<1] }
        let work = max(1, busy.reduce(0) { $0 + $1.count })
        let begin = first.lowerBound <= work / 7 ? 0 : first.lowerBound
        var result = [begin..<first.upperBound]
        for range in busy.dropFirst() {
            if range.lowerBound - (result.last?.upperBound ?? 0) <= work / 7 {
                result[result.count - 1] = (result.last?.lowerBound ?? 0)..<range.upperBound
            } else {
                result.append(range)
            }
        }
        return result.count > 12 ? [begin..<last.upperBound] : result
    }

    func x(_ second: Int) -> Int {
        guard let first = pieces.first, let last = pieces.last else { return left }
        if second <= first.seconds.lowerBound { return first.from }
        if second >= last.seconds.upperBound { return last.to }
        for (index, piece) in pieces.enumerated() where second <= piece.seconds.upperBound {
            guard second < piece.seconds.lowerBound else {
                let share = Double(second - piece.seconds.lowerBound) / Double(max(1, piece.seconds.count))
                return piece.from + Int(Double(piece.to - piece.from) * share)
            }
            return (pieces[index - 1].to + piece.from) / 2
        }
        return last.to
    }

    /// Lines and labels, and the cuts.
    /// - Parameter labels: false: only the lines.
    func marks(height: Int, top: Int = 20, labels: Bool = true, every minimumGap: Int = 76) -> HTMLText {
        var parts: [HTMLText] = []
        var free = left - minimumGap
        for (index, piece) in pieces.enumerated() {
            if index > 0 {
                let x = (pieces[index - 1].to + piece.from) / 2
                parts.append("<path class=\"cut\" d=\"M\(x - 3) \(top)V\(height)M\(x + 3) \(top)V\(height)\"/>")
            }
            var isFirst = true
            for second in ticks(piece, minimumGap) {
                let x = x(second)
                parts.append("<path class=\"rule\" d=\"M\(x) \(top)V\(height)\"/>")
                guard labels, x - free >= minimumGap * 3 / 4 else { continue }
                free = x
                parts.append("<text x=\"\(x)\" y=\"\(top - 6)\" class=\"tick\">\(label(second, isFirst))</text>")
                isFirst = false
            }
        }
        return parts.joined()
    }

    private static let choices = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800,
        604_800,
    ]

    /// At round times of day where the plan has a time, at round times after its start otherwise.
    private func ticks(_ piece: Piece, _ minimumGap: Int) -> [Int] {
        let count = max(1, (piece.to - piece.from) / minimumGap)
        let step = Self.choices.first { piece.seconds.count / $0 <= count } ?? max(1, piece.seconds.count)
        let offset = start.map { Int(($0.milliseconds / 1_000) % 604_800) } ?? 0
        let first = piece.seconds.lowerBound + offset
        let aligned = (first + step - 1) / step * step - offset
        let last = piece.seconds.upperBound
        let ticks = aligned <= last ? Array(stride(from: aligned, through: last, by: step)) : []
        return ticks.isEmpty ? [piece.seconds.lowerBound] : ticks
    }

    /// The first of a stretch also says the day.
    private func label(_ second: Int, _ isFirst: Bool) -> String {
        guard let start else { return second == 0 ? "start" : PlanWords.duration(second) }
        let time = start.adding(seconds: second)
        return isFirst ? "\(time.monthAndDay) \(time.hourAndMinute)" : time.hourAndMinute
    }
}
