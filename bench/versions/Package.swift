// swift-tools-version: 6.2
import PackageDescription

// A package of its own beside the root's, so that the benchmark builds in seconds and burdens no other build. The
// sources of FettleVersions are a link to the one tree.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "versions-bench",
    targets: [
        .target(name: "FettleVersions", exclude: ["README.md"], swiftSettings: strict),
        .executableTarget(name: "versions-bench", dependencies: ["FettleVersions"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
