// swift-tools-version: 6.2
import PackageDescription

// A package of its own beside the root's, since all of it is built with the fuzzer's instrumentation. The sources are
// links to the one tree.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict)
}

let package = Package(
    name: "fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        library("FettleVersions"),
        library("FettleModel"),
        library("FettleIndex", ["FettleModel", "FettleVersions"]),
        library("FettleSoftware", ["FettleModel", "FettleVersions"]),
        library("FettleAssessment", ["FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware"]),
        .target(name: "CLoading", exclude: ["README.md"]),
        .target(name: "CArchive", dependencies: ["CLoading"], exclude: ["README.md"]),
        library(
            "FettleFeeds",
            [
                "FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware", "CArchive",
                .product(name: "Yams", package: "Yams"),
            ]),
        // Without the downloads, which would bring all of SwiftNIO along: bundles and the store they go to.
        .target(
            name: "FettleFeedSync",
            dependencies: ["FettleModel", "CArchive", .product(name: "Crypto", package: "swift-crypto")],
            exclude: ["README.md"],
            sources: ["Bundle", "Store", "Support", "Sources/FeedSource.swift", "Download/FeedAddress.swift"],
            swiftSettings: strict),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware", "FettleAssessment", "FettleFeeds",
                "FettleFeedSync",
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
