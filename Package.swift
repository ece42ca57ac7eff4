// swift-tools-version: 6.2
import PackageDescription

/// In CI, where warnings are errors; elsewhere a warning does not stop anybody who tries something.
let strict: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + strict

let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let inMemoryTracing: Target.Dependency = .product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let metricsTestKit: Target.Dependency = .product(name: "MetricsTestKit", package: "swift-metrics")
let serviceLifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let deques: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// A library target on the given floor of the house (see README, "The house").
func library(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "throughline",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "ThroughlineModel", targets: ["ThroughlineModel"]),
        .library(name: "Throughline", targets: ["Throughline"]),
        .library(name: "ThroughlineTracer", targets: ["ThroughlineTracer"]),
        .library(name: "ThroughlineFlow", targets: ["ThroughlineFlow"]),
        .library(name: "ThroughlineMermaid", targets: ["ThroughlineMermaid"]),
        .library(name: "ThroughlineInMemory", targets: ["ThroughlineInMemory"]),
        .library(name: "ThroughlineStore", targets: ["ThroughlineStore"]),
        .library(name: "ThroughlineKafka", targets: ["ThroughlineKafka"]),
        .library(name: "ThroughlineOTLP", targets: ["ThroughlineOTLP"]),
        .library(name: "ThroughlineZipkin", targets: ["ThroughlineZipkin"]),
        .library(name: "ThroughlineCollector", targets: ["ThroughlineCollector"]),
        .library(name: "ThroughlineRecorder", targets: ["ThroughlineRecorder"]),
        .executable(name: "throughline", targets: ["ThroughlineCLI"]),
        .executable(name: "order-fulfilment", targets: ["order-fulfilment"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    ],
    targets: [
        // Floor 0: values and C. Nothing here knows about any other room.
        library("ThroughlineModel"),
        library("ThroughlineContext", [tracing]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        library("SQLite", ["CSQLite"]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        library("Gzip", ["CZlib"]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CRDKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),

        // Floor 1: the middleware, the tracer, the flow engine. They do not know each other.
        library("Throughline", ["ThroughlineContext", "ThroughlineModel", metrics, tracing]),
        library(
            "ThroughlineTracer",
            ["ThroughlineContext", "ThroughlineModel", tracing, logging, metrics, serviceLifecycle]),
        library("ThroughlineFlow", ["ThroughlineModel"]),

        // Floor 2
        library("ThroughlineMermaid", ["ThroughlineModel", "ThroughlineFlow"]),
        library("ThroughlineInMemory", ["Throughline", "ThroughlineModel", deques, tracing]),

        // Floor 3
        library("ThroughlineStore", ["ThroughlineModel", "ThroughlineFlow", "SQLite"]),
        library("ThroughlineKafka", ["Throughline", "CRDKafka"], path: "Sources/Brokers/Kafka"),

        // Exporters: the HTTP client on floor 2, what speaks through it on floor 3.
        library("ThroughlineHTTP", ["CCurl", "Gzip"], path: "exporters/HTTP"),
        library("ThroughlineOTLP", ["ThroughlineModel", "ThroughlineHTTP", logging, metrics], path: "exporters/OTLP"),
        library(
            "ThroughlineZipkin", ["ThroughlineModel", "ThroughlineHTTP", logging, metrics], path: "exporters/Zipkin"),

        // Floor 4
        library(
            "ThroughlineRecorder",
            [
                "ThroughlineContext", "ThroughlineModel", "ThroughlineTracer", "ThroughlineStore", "ThroughlineOTLP",
                "ThroughlineZipkin", tracing, logging, metrics, serviceLifecycle,
            ]),
        library(
            "ThroughlineCollector",
            [
                "Gzip", "ThroughlineModel", "ThroughlineStore", "ThroughlineOTLP", "ThroughlineZipkin", hummingbird,
                hummingbirdCore, nio, nioHTTPTypes, httpTypes, logging, metrics, serviceLifecycle,
            ]),

        // Floor 5: programs
        library(
            "OrderFulfilment",
            ["Throughline", "ThroughlineInMemory", "ThroughlineModel", "ThroughlineRecorder", "SQLite", tracing],
            path: "examples/OrderFulfilment"),
        .executableTarget(
            name: "order-fulfilment",
            dependencies: [
                "OrderFulfilment", "Throughline", "ThroughlineKafka", "ThroughlineRecorder", argumentParser,
            ],
            path: "examples/order-fulfilment", swiftSettings: settings),
        .executableTarget(
            name: "ThroughlineCLI",
            dependencies: [
                "Gzip", "ThroughlineModel", "ThroughlineFlow", "ThroughlineMermaid", "ThroughlineStore",
                "ThroughlineRecorder", "ThroughlineCollector", "ThroughlineOTLP", "ThroughlineZipkin",
                "OrderFulfilment",
                argumentParser, logging, serviceLifecycle, unixSignals,
            ],
            swiftSettings: settings),

        tests("ThroughlineModelTests", ["ThroughlineModel"]),
        tests(
            "ThroughlineTests",
            [
                "Throughline", "ThroughlineContext", "ThroughlineModel", "ThroughlineTracer", "FlowFixtures",
                "HeaderCorpus", tracing,
                inMemoryTracing, metrics, metricsTestKit,
            ]),
        tests(
            "ThroughlineTracerTests",
            [
                "ThroughlineTracer", "ThroughlineContext", "ThroughlineModel", tracing, inMemoryTracing, logging,
                metrics, metricsTestKit, serviceLifecycle, "FlowFixtures",
            ]),
        library("FlowFixtures", ["ThroughlineModel"], path: "Tests/FlowFixtures"),
        // Damaged headers, and a program that reads millions of them: swift run -c release HeaderFuzz 10000000
        library("HeaderCorpus", ["FlowFixtures"], path: "Tests/HeaderCorpus"),
        .executableTarget(
            name: "HeaderFuzz",
            dependencies: [
                "FlowFixtures", "HeaderCorpus", "Throughline", "ThroughlineModel", "ThroughlineTracer", tracing,
            ],
            path: "Tests/HeaderFuzz", swiftSettings: settings),
        tests("ThroughlineFlowTests", ["ThroughlineFlow", "ThroughlineModel", "FlowFixtures"]),
        tests(
            "ThroughlineMermaidTests", ["ThroughlineMermaid", "ThroughlineFlow", "ThroughlineModel", "FlowFixtures"]),
        tests("ThroughlineInMemoryTests", ["ThroughlineInMemory", "Throughline"]),
        tests("SQLiteTests", ["SQLite"]),
        tests("GzipTests", ["Gzip"]),
        tests(
            "ThroughlineStoreTests",
            [
                "ThroughlineStore", "ThroughlineFlow", "ThroughlineModel", "ThroughlineTracer", "SQLite", "StoreWriter",
                "FlowFixtures",
            ]),
        // A process of its own for the store's tests, which kill it, starve it and run several.
        .executableTarget(
            name: "StoreWriter",
            dependencies: [
                "ThroughlineStore", "ThroughlineModel", "ThroughlineOTLP", "ThroughlineRecorder", "ThroughlineTracer",
                "SQLite", tracing, logging,
            ],
            path: "Tests/StoreWriter",
            swiftSettings: settings),
        tests(
            "ThroughlineKafkaTests",
            ["ThroughlineKafka", "Throughline", "ThroughlineTracer", "ThroughlineModel", "CRDKafka", tracing]),
        tests(
            "ThroughlineRecorderTests",
            [
                "ThroughlineRecorder", "Throughline", "ThroughlineInMemory", "ThroughlineFlow", "ThroughlineModel",
                "ThroughlineStore", "ThroughlineTracer", "ThroughlineOTLP", "ThroughlineHTTP", "SQLite", "FlowFixtures",
                tracing, logging, metrics, metricsTestKit, serviceLifecycle,
            ]),
        tests("ThroughlineHTTPTests", ["ThroughlineHTTP", "Gzip", "FlowFixtures"]),
        tests(
            "ThroughlineOTLPTests",
            [
                "ThroughlineOTLP", "ThroughlineHTTP", "ThroughlineModel", "ThroughlineTracer", "FlowFixtures", "Gzip",
                logging,
            ]),
        tests(
            "ThroughlineZipkinTests",
            ["ThroughlineZipkin", "ThroughlineHTTP", "ThroughlineModel", "ThroughlineOTLP", "FlowFixtures", logging]),
        tests(
            "ThroughlineCollectorTests",
            [
                "ThroughlineCollector", "ThroughlineModel", "ThroughlineOTLP", "ThroughlineStore", "ThroughlineZipkin",
                "FlowFixtures", "Gzip", "SQLite", httpTypes, hummingbird, logging, serviceLifecycle,
            ]),
        // What other people's collectors, senders and languages make of what we send, and we of what they send.
        tests(
            "InteropTests",
            [
                "ThroughlineCLI", "ThroughlineCollector", "ThroughlineFlow", "ThroughlineHTTP", "ThroughlineModel",
                "ThroughlineOTLP",
                "ThroughlineStore", "ThroughlineZipkin", "FlowFixtures", logging,
            ]),
        // The patterns of event-driven systems, each on every broker.
        tests(
            "ConformanceTests",
            [
                "Throughline", "ThroughlineFlow", "ThroughlineInMemory", "ThroughlineKafka", "ThroughlineModel",
                "ThroughlineStore", "ThroughlineTracer", "OrderFulfilment", "SQLite", "PatternWorker", tracing,
            ]),
        // Services as processes of their own, for what must outlive a restart.
        .executableTarget(
            name: "PatternWorker",
            dependencies: ["Throughline", "ThroughlineKafka", "ThroughlineRecorder", "ThroughlineTracer", tracing],
            path: "Tests/PatternWorker", swiftSettings: settings),
        tests(
            "DocumentationTests",
            [
                "Throughline", "ThroughlineCollector", "ThroughlineFlow", "ThroughlineInMemory", "ThroughlineKafka",
                "ThroughlineMermaid", "ThroughlineModel", "ThroughlineRecorder", "ThroughlineStore",
                "ThroughlineTracer", "ThroughlineZipkin", "FlowFixtures", tracing, logging, serviceLifecycle,
                unixSignals,
            ]),
        tests(
            "ThroughlineCLITests",
            [
                "ThroughlineCLI", "ThroughlineStore", "ThroughlineModel", "ThroughlineOTLP", "ThroughlineZipkin",
                "Gzip",
                "FlowFixtures",
            ]),
    ]
)
