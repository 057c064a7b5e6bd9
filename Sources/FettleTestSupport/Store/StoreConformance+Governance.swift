import FettleModel
import FettleStore

extension StoreConformance {
    static let waivers: [Check] = [
        Check("the ledger of waivers keeps its order and every word") { store in
            try expect(try await store.waiverEvents().isEmpty, "it is not empty")
            let events: [WaiverEvent] = [
                .granted(waiver(1)), .granted(waiver(2)),
                .ended(
                    waiver: "waiver-1", ending: Waiver.Ending(by: alice, at: time(5), reason: "fixed \u{1F600} \"now\"")
                ),
            ]
            try await store.append(Array(events.prefix(2)), after: 0)
            try await store.append([events[2]], after: 2)
            try expect(try await store.waiverEvents() == events, "other events came back")
        },
        Check("who decided from an older ledger is refused, and writes nothing") { store in
            try await store.append([.granted(waiver(1))], after: 0)
            for length in [0, 2] {
                try await expectRefusal(.conflict, "after \(length)") { () throws(StoreError) in
                    try await store.append([.granted(waiver(2)), .granted(waiver(3))], after: length)
                }
            }
            try expect(try await store.waiverEvents() == [.granted(waiver(1))], "something was written")
        },
        Check("of many that write to the ledger at once each gets a place of its own") { store in
            await withTaskGroup(of: Void.self) { group in
                for number in 1...8 {
                    group.addTask {
                        for _ in 0..<200 {
                            guard let length = try? await store.waiverEvents().count else { return }
                            do throws(StoreError) {
                                return try await store.append([.granted(waiver(number))], after: length)
                            } catch {
                                guard error.code == .conflict else { return }
                            }
                        }
                    }
                }
            }
            let names = try await store.waiverEvents().map { event -> String in
                if case .granted(let waiver) = event { waiver.id.rawValue } else { "" }
            }
            try expect(Set(names) == Set((1...8).map { "waiver-\($0)" }) && names.count == 8, "kept: \(names)")
        },
    ]

    static let sightings: [Check] = [
        Check("what is seen again keeps the time when it was first seen") { store in
            try await store.record(look(0, ["web-1": ["CVE-1", "CVE-2"], "web-2": ["CVE-1"]]))
            try await store.record(look(day, ["web-1": ["CVE-1"]]))
            let rows = try await store.sightings()
            try expect(
                rows == [
                    sighting("web-1", "CVE-1", first: 0, last: day),
                    sighting("web-1", "CVE-2", first: 0, last: 0, gone: day),
                    sighting("web-2", "CVE-1", first: 0, last: 0),
                ], "rows: \(rows)")
        },
        Check("what was not looked for is not gone") { store in
            try await store.record(look(0, ["web-1": ["CVE-1"]]))
            try await store.record(look(day, ["web-1": []], judged: [.fix, .state]))
            try await store.record(look(2 * day, ["web-1": []], judged: []))
            try expect(
                try await store.sightings() == [sighting("web-1", "CVE-1", first: 0, last: 0)], "it is gone, or younger"
            )
        },
        Check("what is back soon keeps its age, what is back late begins anew") { store in
            let long = Sighting.returnsWithinDays * day
            try await store.record(look(0, ["web-1": ["CVE-1"], "web-2": ["CVE-1"]]))
            try await store.record(look(day, ["web-1": [], "web-2": []]))
            try await store.record(look(day + long, ["web-1": ["CVE-1"]]))
            try await store.record(look(2 * day + long, ["web-2": ["CVE-1"]]))
            let rows = try await store.sightings()
            try expect(
                rows == [
                    sighting("web-1", "CVE-1", first: 0, last: day + long),
                    sighting("web-2", "CVE-1", first: 2 * day + long, last: 2 * day + long),
                ], "rows: \(rows)")
        },
        Check("a look that comes late says nothing") { store in
            try await store.record(look(day, ["web-1": ["CVE-1"]]))
            try await store.record(look(0, ["web-1": []]))
            try expect(
                try await store.sightings() == [sighting("web-1", "CVE-1", first: day, last: day)], "it was believed")
        },
        Check("a look that is written twice changes nothing") { store in
            try await store.record(look(0, ["web-1": ["CVE-1"]]))
            let rows = try await store.sightings()
            try await store.record(look(0, ["web-1": ["CVE-1"]]))
            try expect(try await store.sightings() == rows, "rows changed")
        },
        Check("the judgement of the newest look is kept, and without the list no listing is lost") { store in
            var listed = look(0, ["web-1": ["CVE-1"]])
            listed.seen = listed.seen.mapValues { _ in .init(outcome: .immediate, listedDueAt: time(9)) }
            try await store.record(listed)
            var unlisted = look(day, ["web-1": ["CVE-1"]])
            unlisted.exploitedChecked = false
            try await store.record(unlisted)
            var row = try await store.sightings().first
            try expect(row?.outcome == .immediate && row?.listedDueAt == time(9), "lost: \(String(describing: row))")
            try await store.record(look(2 * day, ["web-1": ["CVE-1"]]))
            row = try await store.sightings().first
            try expect(row?.outcome == .scheduled && row?.listedDueAt == nil, "kept: \(String(describing: row))")
        },
        Check("what is long gone is forgotten") { store in
            try await store.record(look(0, ["web-1": ["CVE-1"]]))
            try await store.record(look(day, ["web-1": []]))
            try await store.record(look((Sighting.rememberedDays + 1) * day, ["web-2": []]))
            try expect(try await store.sightings().count == 1, "forgotten too early")
            try await store.record(look((Sighting.rememberedDays + 1) * day + 1, ["web-2": []]))
            try expect(try await store.sightings().isEmpty, "it is still there")
        },
        Check("names of any kind are kept, and thousands of them") { store in
            let names = ["\u{1F600} \"quoted\" \\ ' % $1", "nul\u{0}inside", ""] + (0..<2_500).map { "CVE-2026-\($0)" }
            try await store.record(look(0, ["web-1": names]))
            let kept = try await store.sightings().map(\.key.name)
            let expected = names.map { key("web-1", $0) }.sorted().map(\.name)
            try expect(kept == expected, "\(kept.count) of \(names.count) came back, or in another order")
        },
    ]

    private static let day = 86_400

    private static func waiver(_ number: Int) -> Waiver {
        Waiver(
            id: WaiverID("waiver-\(number)"),
            scope: WaiverScope(
                .advisory("CVE-2026-1", aliases: ["GHSA-x"]), resources: ["web-*"], groups: ["web"],
                environments: ["qa"], packages: [WaivedPackage(manager: .dpkg, name: "openssl", version: "1:3")]),
            kind: .notAffected, justification: .componentNotPresent, reason: "line\n\u{0} \u{1F600}", owner: "bob",
            createdBy: alice, createdAt: time(0), expiresAt: time(86_400), origin: "a document")
    }

    private static func key(_ resource: ResourceID, _ name: String) -> SightingKey {
        SightingKey(resource: resource, source: "openssl", kind: .advisory, name: name)
    }

    private static func look(
        _ seconds: Int, _ seen: [ResourceID: [String]],
        judged: Set<SightingKey.Kind> = Set(SightingKey.Kind.allCases)
    ) -> FindingLook {
        var rows: [SightingKey: FindingLook.Seen] = [:]
        for (resource, names) in seen { for name in names { rows[key(resource, name)] = .init(outcome: .scheduled) } }
        return FindingLook(
            at: time(seconds), judged: seen.mapValues { _ in judged }, exploitedChecked: true, seen: rows)
    }

    private static func sighting(
        _ resource: ResourceID, _ name: String, first: Int, last: Int, gone: Int? = nil
    ) -> Sighting {
        Sighting(
            key: key(resource, name), firstSeenAt: time(first), lastSeenAt: time(last), goneAt: gone.map { time($0) },
            outcome: .scheduled)
    }
}
