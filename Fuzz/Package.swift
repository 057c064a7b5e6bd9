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
    dependencies: [.package(url: "https://github.com/jpsim/Yams", from: "6.2.2")],
    targets: [
        library("FettleVersions"),
        library("FettleModel"),
        library("FettleIndex", ["FettleModel", "FettleVersions"]),
        library("FettleSoftware", ["FettleModel", "FettleVersions"]),
        .target(name: "CLoading", exclude: ["README.md"]),
        .target(name: "CArchive", dependencies: ["CLoading"], exclude: ["README.md"]),
        library(
            "FettleFeeds",
            [
                "FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware", "CArchive",
                .product(name: "Yams", package: "Yams"),
            ]),
        .executableTarget(
            name: "fuzz",
            dependencies: ["FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware", "FettleFeeds"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
