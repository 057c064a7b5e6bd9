import FettleModel

/// The graph of the order as an SVG: from left to right who waits for whom, a band for each group or environment.
struct OrderChart {
    private let graph: OrderGraph
    private let plan: Plan
    private let nodeWidth: Int
    private let nodeHeight: Int
    private static let gap = 26
    /// Up to so much wider than a page, the drawing is made smaller; beyond, it is read by moving it.
    private static let shrinks = 1_900
    private let labelWidth: Int
    private static let rowGap = 8
    private static let bandGap = 14
    private static let headHeight = 46

    init(_ picture: PlanPicture, _ rows: PlanRows) {
        plan = picture.plan
        graph = OrderGraph(picture.plan, rows)
        nodeWidth = graph.isFolded ? 172 : 112
        nodeHeight = graph.isFolded ? 38 : 22
        labelWidth = graph.isFolded ? 10 : 150
    }

    var html: HTMLText {
        guard !graph.nodes.isEmpty else { return "" }
        let what = graph.isFolded ? "Groups" : "Resources"
        return """
            <section><h2>Order</h2><p class="note">\(what) take their turns from left to right: nobody is taken out before \
            everyone from whom a line leads to it is finished, and the two are never out together.</p>
            <div class="wide">\(drawing)</div>\(reasons)</section>
            """
    }

    /// Where the bands and blocks stand, from above.
    private struct Tops {
        var bands: [Int] = []
        var blocks: [Int] = []
        var end = 0
    }

    private var tops: Tops {
        var tops = Tops(bands: graph.bands.map { _ in 0 }, blocks: [], end: 4)
        for block in graph.blocks.indices {
            tops.blocks.append(tops.end)
            tops.end += Self.headHeight
            for (index, band) in graph.bands.enumerated() where band.block == block {
                tops.bands[index] = tops.end
                tops.end += band.height * (nodeHeight + Self.rowGap) + Self.bandGap
            }
        }
        return tops
    }

    private var drawing: HTMLText {
        let tops = tops
        let columns = graph.blocks.map(\.columns).max() ?? 0
        let width = labelWidth + columns * (nodeWidth + Self.gap) - Self.gap + 8
        let size: HTMLText =
            width <= Self.shrinks
            ? " style=\"max-width:\(width)px;min-width:\(width * 3 / 4)px\""
            : " width=\"\(width)\" height=\"\(tops.end)\" class=\"natural\""
        let heads = zip(graph.blocks, tops.blocks).map { head($0, top: $1) }
        let bands = zip(graph.bands, tops.bands).map { band, top -> HTMLText in
            let height = band.height * (nodeHeight + Self.rowGap) + Self.bandGap - 6
            let name: HTMLText =
                graph.isFolded
                ? ""
                : """
                <text x="8" y="\(top + 15)" class="group">\(band.name.clippedInFront(to: 20))<title>\(band.name)</title></text>
                """
            return
                "<rect x=\"0\" y=\"\(top - 7)\" width=\"\(width)\" height=\"\(height)\" rx=\"6\" class=\"band\"/>\(name)"
        }
        let links = graph.links.map { link($0, tops.bands) }
        let nodes = graph.nodes.map { node($0, top: tops.bands[$0.band]) }
        return """
            <svg viewBox="0 0 \(width) \(tops.end)"\(size) role="img" \
            aria-label="Who waits for whom">\(heads.joined())\(bands.joined())\(links.joined())\(nodes.joined())</svg>
            """
    }

    /// An environment's name, for whom it waits as a whole, and the numbers of the turns.
    private func head(_ block: OrderGraph.Block, top: Int) -> HTMLText {
        let y = top + Self.headHeight - 12
        let earlier = block.after.map { graph.blocks[$0].name }.joined(separator: ", ")
        let after = earlier.isEmpty ? "" : "begins when all of \(earlier) is finished"
        let numbers = (0..<block.columns).map { column -> HTMLText in
            "<text x=\"\(left(column) + nodeWidth / 2)\" y=\"\(y)\" class=\"tick\">\(block.firstColumn + column + 1)</text>"
        }
        return """
            <text x="0" y="\(y - 14)" class="group">\(block.name)<tspan class="aside" dx="10">\(after)</tspan></text>\
            \(numbers.joined())
            """
    }

    private func left(_ column: Int) -> Int { labelWidth + column * (nodeWidth + Self.gap) }
    private func left(_ node: OrderGraph.Node) -> Int { left(graph.column(node)) }
    private func top(_ node: OrderGraph.Node, _ tops: [Int]) -> Int {
        tops[node.band] + node.row * (nodeHeight + Self.rowGap)
    }

    private func node(_ node: OrderGraph.Node, top: Int) -> HTMLText {
        let x = left(node)
        let y = top + node.row * (nodeHeight + Self.rowGap)
        let room = nodeWidth / 7
        let box: HTMLText = """
            <rect x="\(x)" y="\(y)" width="\(nodeWidth)" height="\(nodeHeight)" rx="5" class="node"/>\
            <text x="\(x + nodeWidth / 2)" y="\(y + 15)" class="name">\(node.name.clippedInFront(to: room))</text>
            """
        guard graph.isFolded else {
            return "<g>\(box)<title>\(node.name), in \(node.groups.joined(separator: ", "))</title></g>"
        }
        let others = node.groups.count > 1 ? "+\(PlanWords.count(node.groups.count - 1, "group")), " : ""
        return """
            <g>\(box)<text x="\(x + nodeWidth / 2)" y="\(y + 30)" class="tick">\
            \(others)\(PlanWords.count(node.resources, "host"))</text>\
            <title>\(PlanWords.list(node.groups, limit: 20)): \(PlanWords.count(node.resources, "resource"))</title></g>
            """
    }

    private func link(_ link: OrderGraph.Link, _ tops: [Int]) -> HTMLText {
        func out(_ node: Int) -> (x: Int, y: Int) {
            let node = graph.nodes[node]
            return (left(node) + nodeWidth, top(node, tops) + nodeHeight / 2)
        }
        func into(_ node: Int) -> (x: Int, y: Int) {
            let node = graph.nodes[node]
            return (left(node), top(node, tops) + nodeHeight / 2)
        }
        guard link.from.count > 1, link.to.count > 1 else {
            return link.from.flatMap { from in link.to.map { curve(out(from), into($0), arrow: true) } }.joined()
        }
        // Their lines meet in a point, right behind the last that is waited for.
        let x = (link.from.map { out($0).x }.max() ?? 0) + Self.gap / 2
        let ends = link.from.map(out) + link.to.map(into)
        let meeting = (x, ends.reduce(0) { $0 + $1.y } / max(1, ends.count))
        return """
            \(link.from.map { curve(out($0), meeting, arrow: false) }.joined())\
            \(link.to.map { curve(meeting, into($0), arrow: true) }.joined())\
            <circle cx="\(meeting.0)" cy="\(meeting.1)" r="3" class="meeting"/>
            """
    }

    private func curve(_ from: (x: Int, y: Int), _ to: (x: Int, y: Int), arrow: Bool) -> HTMLText {
        let bend = max(10, min(60, (to.x - from.x) / 2))
        let tip: HTMLText = arrow ? "<path class=\"tip\" d=\"M\(to.x) \(to.y)l-6 -3v6z\"/>" : ""
        return """
            <path class="link" d="M\(from.x) \(from.y)C\(from.x + bend) \(from.y) \(to.x - bend) \(to.y) \(to.x) \(to.y)"/>\(tip)
            """
    }

    /// Each reason once, with how many lists of turns it gives.
    private var reasons: HTMLText {
        var counts: [String: Int] = [:]
        for order in plan.order { counts[order.reason, default: 0] += 1 }
        guard !counts.isEmpty else { return "" }
        let shown = counts.keys.sorted().prefix(40).map { reason -> HTMLText in
            let lanes = counts[reason] ?? 1
            return "<li>\(reason)\(lanes > 1 ? " (\(PlanWords.number(lanes)) side by side)" : "")</li>"
        }
        let left = counts.count - shown.count
        let more: HTMLText = left > 0 ? "<li>… and \(PlanWords.number(left)) more</li>" : ""
        return "<details><summary>Why this order</summary><ul>\(shown.joined())\(more)</ul></details>"
    }
}
