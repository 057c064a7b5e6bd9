import FettleModel
import Testing

@testable import FettleReporting

@Suite struct PlanPageTests {
    private static let hostile = "</text><script>alert(1)</script>\"'\u{1b}[31m\n--html=x"

    /// Every place of a plan where a name or a sentence from outside may stand.
    private static var hostilePicture: PlanPicture {
        var sample = PlanSample.small
        sample.title = hostile
        sample.singles = [ResourceID(hostile)]
        sample.pools[0].name = hostile
        var picture = sample.picture
        let group = GroupID(hostile)
        let change = PackageChange(name: hostile, architecture: hostile, from: hostile, to: hostile)
        for index in picture.plan.steps.indices {
            guard case .changePackages(var transaction) = picture.plan.steps[index].action else { continue }
            transaction.changes = [change]
            picture.plan.steps[index].action = .changePackages(transaction: transaction)
        }
        for index in picture.plan.order.indices { picture.plan.order[index].reason = hostile }
        picture.plan.environments.append(EnvironmentID(hostile))
        picture.plan.pointOfNoReturn = StepID(hostile)
        picture.plan.targets[0].interrupts = [
            InterruptedMachine(
                machine: hostile, resource: ResourceID(hostile), host: ResourceID(hostile), because: hostile)
        ]
        picture.plan.selection = StageReference(id: hostile, digest: Digest(rawValue: hostile))
        picture.digest = Digest(rawValue: hostile)
        picture.leftOut = [.init(resource: ResourceID(hostile), subject: hostile, reason: hostile)]
        picture.reasons = [group: hostile]
        picture.warnings = [hostile]
        picture.risks = [
            .init(
                package: hostile, version: hostile, group: hostile, waiting: hostile, patching: hostile, unit: hostile,
                crossing: hostile, outcome: hostile)
        ]
        picture.proof = .broken([hostile])
        return picture
    }

    @Test func whatAPlanIsMadeOfCannotBecomePartOfItsPage() {
        let page = PlanPage.html(Self.hostilePicture)
        #expect(!page.contains("<script"))
        #expect(!page.contains("alert(1)</script>"))
        #expect(page.contains("&lt;script&gt;"))
        #expect(!page.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
    }

    @Test func nothingIsLoadedAndNothingRuns() {
        let page = PlanPage.html(PlanSample.small.picture)
        for word in ["http://", "https://", "src=", "@import", "url(", "<script", "href=", "onload"] {
            #expect(!page.contains(word))
        }
    }

    /// What cannot be moved is known before the run (harvester#11108).
    @Test func whatIsInterruptedIsNamed() throws {
        var picture = PlanSample.small.picture
        #expect(!PlanPage.html(picture).contains("<h2>Interrupted</h2>"))
        let target = try #require(picture.plan.targets.first)
        picture.plan.targets[0].interrupts = [
            InterruptedMachine(
                machine: "video-1", resource: "screen", host: target.resource, because: "a card is passed through to it"
            ),
            InterruptedMachine(machine: "build", resource: nil, host: "screen", because: "it runs on screen"),
        ]
        let page = PlanPage.html(picture)
        let section = try #require(page.firstRange(of: "<h2>Interrupted</h2>"))
        let rest = page[section.upperBound...].prefix(1_500)
        for word in ["video-1", "screen", target.resource.rawValue, "a card is passed through to it", "build"] {
            #expect(rest.contains(word), "\(word)")
        }
        picture.plan.targets[0].interrupts = (1...150).map {
            InterruptedMachine(machine: "m-\($0)", resource: nil, host: target.resource, because: "bound")
        }
        #expect(PlanPage.html(picture).contains("50 machines more"))
    }

    @Test func aPlanThatIsNotSafeSaysSoBeforeAllElse() throws {
        var picture = PlanSample.small.picture
        picture.proof = .broken(["I1: nobody of web is in service after web-1/drain"])
        let page = PlanPage.html(picture)
        let told = try #require(page.firstRange(of: "nobody of web is in service"))
        let drawn = try #require(page.firstRange(of: "Time line"))
        #expect(told.lowerBound < drawn.lowerBound)
        #expect(page.contains("not safe"))
        #expect(!page.contains("proven safe"))
    }

    @Test func whatWasLeftOutIsToldOrThatNobodyKnows() {
        var picture = PlanSample.small.picture
        #expect(PlanPage.html(picture).contains("which was not at hand"))
        picture.leftOut = (1...7).map { .init(resource: ResourceID("x-\($0)"), subject: nil, reason: "unreachable") }
        let page = PlanPage.html(picture)
        #expect(!page.contains("which was not at hand"))
        #expect(page.contains("<td>unreachable</td><td>7</td>"))
        #expect(page.contains("x-1, x-2, x-3, x-4, x-5 and 2 more"))
    }

    /// Whoever changes it: the host's package manager, its cluster's controller, or an image that replaces it.
    @Test func whateverChangesIsShownWithWhereItChanges() {
        var picture = PlanSample.small.picture
        let change = PackageChange(name: "node-agent", architecture: "amd64", from: "1.31", to: "1.32")
        let transaction = PackageTransaction(
            manager: .dpkg, purpose: .patch, changes: [change], conffiles: .keepCurrent, downloadBytes: 0)
        let upgrade = ControllerUpgrade(
            cluster: "qa-app", members: ["qa-app-1", "qa-app-2"], atOnce: 1, transaction: transaction, stallSeconds: 60)
        picture.plan.steps[0].action = .upgradeThroughController(upgrade: upgrade)
        picture.plan.steps[1].action = .replaceImage(replacement: ImageReplacement(image: "golden", from: "7", to: "8"))
        let page = PlanPage.html(picture)
        #expect(page.contains("<b>node-agent</b>"))
        #expect(page.contains("<td>2</td><td>qa-app-1, qa-app-2</td>"))
        #expect(page.contains("<b>golden</b> <span class=\"soft\">image</span>"))
    }

    @Test func aSmallPlanHasARowForEachResourceAndABarForEachStep() {
        let picture = PlanSample.small.picture
        let chart = GanttChart(picture, PlanRows(picture)).html.source
        for target in picture.plan.targets { #expect(chart.contains(">\(target.resource)<title>")) }
        for step in picture.plan.steps { #expect(chart.contains("<title>\(step.id): ")) }
    }

    @Test func aFoldedPlanCountsEveryResourceOnce() {
        let picture = Self.fleet(pools: 150).picture
        let rows = PlanRows(picture)
        #expect(rows.count == picture.plan.targets.count)
        #expect(rows.count > GanttChart.individualRows)
        let chart = GanttChart(picture, rows).html.source
        let counts = chart.matches(of: #/: ([0-9,]+) resources?, at most/#).compactMap {
            Int($0.output.1.replacing(",", with: ""))
        }
        #expect(counts.count <= GanttChart.foldedRows * picture.plan.environments.count)
        #expect(counts.reduce(0, +) == picture.plan.targets.count)
    }

    /// Ten times the fleet is no longer a page: 100,000 resources give one that opens.
    @Test func aPageDoesNotGrowWithTheFleet() {
        let large = PlanPage.html(Self.fleet(pools: 400).picture).utf8.count
        let larger = PlanPage.html(Self.fleet(pools: 4_000).picture).utf8.count
        #expect(larger < large * 3 / 2)
        #expect(larger < 400_000)
    }

    @Test func theSamePlanGivesTheSamePage() {
        let picture = Self.fleet(pools: 60).picture
        #expect(PlanPage.html(picture) == PlanPage.html(picture))
        #expect(PlanPage.html(Self.hostilePicture) == PlanPage.html(Self.hostilePicture))
    }

    /// A file may hold anything that has the form of a plan.
    @Test func absurdFiguresAreNoCrash() {
        var picture = PlanSample.small.picture
        for index in picture.plan.groups.indices {
            picture.plan.groups[index].minimumAvailable = index.isMultiple(of: 2) ? .max : .min
            picture.plan.groups[index].maximumOut = .max
            picture.plan.groups[index].members.append("nobody")
        }
        for index in picture.plan.targets.indices { picture.plan.targets[index].window = index - 3 }
        for index in picture.plan.rollback.indices { picture.plan.rollback[index].estimate.p95Seconds = .max }
        picture.plan.windows = [
            TimeWindow(opensAt: Timestamp(milliseconds: 0), closesAt: Timestamp(milliseconds: 9_000_000_000_000_000))
        ]
        picture.plan.limits = PlanLimits(
            parallelSteps: .max, failureBudget: .min, attempts: .max, quarantineDeadlineSeconds: .max)
        picture.times.start = PlanSample.now
        picture.times.begins.removeLast(3)
        picture.times.ends = picture.times.ends.map { _ in -7 }
        #expect(PlanPage.html(picture).contains("</html>"))
        picture.plan.targets = []
        picture.plan.steps = []
        #expect(PlanPage.html(picture).contains("Nothing to do"))
    }

    static func fleet(pools: Int) -> PlanSample {
        PlanSample(
            (0..<pools).map { number in
                PlanSample.Pool(
                    name: "pool-\(number)", environment: number.isMultiple(of: 3) ? "qa" : "production",
                    size: 2 + number % 4, lanes: 1 + number % 2,
                    after: number > 3 && number.isMultiple(of: 5) ? ["pool-\(number - 3)"] : [])
            })
    }
}
