import FlowFixtures
import Foundation
import Testing

@Suite("Exit codes and where words go")
struct ExitCodeTests {
    @Test(
        "What is not there is 1, said on standard error",
        arguments: [
            ["flow", "no-such-id"], ["flow", "order.id=none"], ["flow", ""], ["map", "--destination", "nowhere"],
            ["flow", String(repeating: "a", count: 32)], ["flow", "00000000-0000-7000-8000-000000000000"],
        ])
    func notFound(arguments: [String]) throws {
        let outcome = try Scratch.withOrder().run(arguments)
        #expect(outcome.code == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.hasPrefix("throughline: "))
    }

    @Test("An empty store has no flow and no map, and an empty list")
    func empty() throws {
        let scratch = try Scratch()
        try scratch.record([])
        #expect(try scratch.run("flow", "--last").code == 1)
        #expect(try scratch.run("map").code == 1)
        let flows = try scratch.run("flows")
        #expect(flows.code == 0 && flows.output == "No flows in traces.db.\n")
        #expect(try scratch.run("flows", "--json").json(as: [Any].self).isEmpty)
    }

    @Test(
        "Wrong usage is 2, with a word on right usage",
        arguments: [
            ["bogus"], ["flow"], ["flow", "id", "--last"], ["flow", "--last", "--as", "painting"],
            ["flow", "--last", "--limit", "0"], ["flow", "one", "two"], ["flows", "--limit", "none"],
            ["flows", "--limit", "0"], ["flows", "--since", "yesterday"], ["flows", "--since", "5"],
            ["flows", "--limit", "-3"], ["flow", "--last", "--limit", "-3"], ["tail", "--count", "-1"],
            ["flows", "--since", "2026-02-30"], ["flows", "--since", "1h", "--until", "2h"],
            ["map", "--until", "1h30"],
            ["tail", "--since", "10:00"],
            ["flows", "--bogus"],
            ["map", "--as", "globe"], ["prune"], ["prune", "--older-than", "7"], ["prune", "--older-than", "-7d"],
            ["prune", "--older-than", "999999999999d"], ["prune", "--max-size", "2 gigabytes"],
            ["prune", "--max-size", "-1"], ["prune", "--max-size", "99999999999GB"], ["doctor", "--store"],
        ])
    func usage(arguments: [String]) throws {
        let outcome = try Scratch.withOrder().run(arguments)
        #expect(outcome.code == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("Usage: throughline"))
    }

    @Test(
        "What cannot be printed is 7, and says why",
        arguments: [
            ["flow", "--last"], ["flow", "--last", "--as", "json"], ["flows"], ["map"], ["doctor"], ["--help"],
            ["export", "--file", "-"], ["tail", "--since", "36500d", "--count", "1"],
        ])
    func unwritable(arguments: [String]) throws {
        let scratch = try Scratch.withOrder()
        for (redirection, reason) in [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")] {
            let outcome = try scratch.run(redirecting: redirection, arguments)
            #expect(outcome.code == 7)
            #expect(outcome.error == "throughline: Standard output cannot be written: \(reason).\n")
        }
    }

    @Test(
        "A file in a directory that there is not says so",
        arguments: [["flow", "--last", "-o"], ["export", "--file"]])
    func noDirectory(arguments: [String]) throws {
        let outcome = try Scratch.withOrder().run(arguments + ["out/order.mmd"])
        #expect(outcome.code == 2 && outcome.error.contains("out/order.mmd cannot be written: there is no directory"))
    }

    @Test("COLUMNS says how wide a text in a pipe may be")
    func columns() throws {
        let scratch = try Scratch.withOrder()
        func width(_ columns: String) throws -> Int {
            let text = try scratch.run("flow", "--last", environment: ["COLUMNS": columns]).output
            return text.split(separator: "\n").map(\.count).max() ?? 0
        }
        #expect(try width("70") <= 70)
        #expect(try width("40") <= 40)
        #expect(try width("200") > 70)
        #expect(try width("") == width("120") && width("wide") == width("120"))
    }

    static let readers = [
        ["flow", "--last"], ["flows"], ["flows", "--json"], ["map"], ["prune", "--older-than", "1d"], ["doctor"],
    ]

    @Test("A store that is missing is 3, and is not made", arguments: readers)
    func missing(arguments: [String]) throws {
        let scratch = try Scratch()
        let outcome = try scratch.run(arguments + ["--store", "none.db"])
        #expect(outcome.code == 3)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("none.db") && outcome.error.contains("throughline demo"))
        #expect(!FileManager.default.fileExists(atPath: scratch.path("none.db")))
    }

    @Test("A file that is no database is 3, and stays as it is", arguments: readers)
    func foreign(arguments: [String]) throws {
        let scratch = try Scratch()
        let letter = Data("Dear Ada, this is no database. ".utf8 + [UInt8](repeating: 0x21, count: 4_096))
        try letter.write(to: URL(filePath: scratch.path("letter.txt")))
        let outcome = try scratch.run(arguments + ["--store", "letter.txt"])
        #expect(outcome.code == 3)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("letter.txt") && outcome.error.contains("no trace store"))
        #expect(try Data(contentsOf: URL(filePath: scratch.path("letter.txt"))) == letter)
    }

    @Test("A directory is 3, by its name")
    func directory() throws {
        let outcome = try Scratch().run("flows", "--store", ".")
        #expect(outcome.code == 3)
        #expect(outcome.error.contains("is a directory"))
    }

    @Test("A demo that has nowhere to record is 3")
    func demoNowhere() throws {
        let outcome = try Scratch().run("demo", "--store", "no/such/place.db")
        #expect(outcome.code == 3)
        #expect(outcome.output.isEmpty)
        #expect(outcome.error.contains("no/such"))
    }

    @Test("A damaged store is 3 for the doctor, who says where the damage is and what to do")
    func damaged() throws {
        let scratch = try Scratch.withOrder()
        let file = try FileHandle(forUpdating: URL(filePath: scratch.path()))
        let size = try file.seekToEnd()
        // Not the first pages, where the schema is: they would keep the file from being opened at all.
        try file.seek(toOffset: size / 2)
        try file.write(contentsOf: Data(repeating: 0xA5, count: Int(size / 2)))
        try file.close()
        let outcome = try scratch.run("doctor")
        #expect(outcome.code == 3)
        #expect(outcome.error.contains("damaged") && outcome.error.contains(".recover"))
        #expect(try scratch.run("doctor", "--json").code == 3)
    }

    @Test(
        "Every command explains itself", arguments: ["", "demo", "flow", "flows", "map", "prune", "doctor"])
    func help(command: String) throws {
        let scratch = try Scratch()
        let asked = try scratch.run([command, "--help"].filter { !$0.isEmpty })
        #expect(asked.code == 0)
        #expect(asked.error.isEmpty)
        #expect(asked.output.contains("USAGE: throughline \(command.isEmpty ? "<subcommand>" : command)"))
        #expect(asked.output.contains("--store") == !command.isEmpty)
        #expect(try scratch.run(["help", command].filter { !$0.isEmpty }).output == asked.output)
    }

    @Test("The exit codes are documented, and no command at all is help")
    func overview() throws {
        let outcome = try Scratch().run()
        #expect(outcome.code == 0)
        for word in ["0 done", "1 not found", "2 wrong usage", "3 store", "5 an id belongs to several flows"] {
            #expect(outcome.output.contains(word))
        }
        #expect(try Scratch().run("--version").output.split(separator: ".").count == 3)
    }
}
