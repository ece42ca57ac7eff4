// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "throughline-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "throughline", path: ".."),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    ],
    targets: [
        .executableTarget(
            name: "benchmarks",
            dependencies: [
                "OTLPProtobuf", "PlainLoop",
                .product(name: "Throughline", package: "throughline"),
                .product(name: "ThroughlineFlow", package: "throughline"),
                .product(name: "ThroughlineMermaid", package: "throughline"),
                .product(name: "ThroughlineInMemory", package: "throughline"),
                .product(name: "ThroughlineOTLP", package: "throughline"),
                .product(name: "ThroughlineRecorder", package: "throughline"),
                .product(name: "ThroughlineStore", package: "throughline"),
                .product(name: "ThroughlineZipkin", package: "throughline"),
                .product(name: "ThroughlineTracer", package: "throughline"),
                .product(name: "ThroughlineModel", package: "throughline"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            swiftSettings: settings),
        // The rival of the OTLP codec: generated once, by protoc with swift-protobuf's plugin.
        .target(
            name: "OTLPProtobuf", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["otlp.proto"], swiftSettings: [.swiftLanguageMode(.v6)]),
        // The rival of the store: the same rows into the same tables, in C.
        .target(name: "PlainLoop", linkerSettings: [.linkedLibrary("sqlite3")]),
        // A program of its own, because the receiver that it loads runs in a process of its own.
        .executableTarget(
            name: "load",
            dependencies: [
                "PlainLoop",
                .product(name: "ThroughlineModel", package: "throughline"),
                .product(name: "ThroughlineOTLP", package: "throughline"),
            ],
            swiftSettings: settings),
        // A program of its own, because counting allocations would slow the others down.
        .executableTarget(
            name: "allocations",
            dependencies: [
                "CountingAllocator",
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "ThroughlineTracer", package: "throughline"),
                .product(name: "ThroughlineModel", package: "throughline"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings),
        .target(name: "CountingAllocator"),
    ]
)
