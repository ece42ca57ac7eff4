import ThroughlineModel

/// What siblings that are drawn as one have in common: everything that a person would tell apart, and nothing that only
/// differs in time or id.
struct Likeness: Hashable {
    private var kind: Int
    private var names: [String?]
    private var flags: [Bool]

    init(_ subject: Outline.Subject, in flow: Flow) {
        switch subject {
        case .publication(let place):
            let publication = flow.publications[place]
            let message = flow.message(publication.id.message)
            kind = 0
            names = [message?.type, message?.intent?.rawValue, publication.id.destination]
            names += publication.services.map(Optional.some)
            switch publication.id.reason {
            case .sent: names.append("sent")
            case .deadLettered: names.append("dead-lettered")
            case .replayed: names.append("replayed")
            case .routed(let origin): names += ["routed", origin]
            }
            names.append(publication.missingSender?.rawValue)
            flags = [
                flow.failedToSend(publication), (message?.causes.count ?? 0) > 1, publication.dwellTime != nil,
            ]
        case .hop(let place):
            let hop = flow.hops[place]
            kind = 1
            names = [hop.consumer.service, hop.consumer.group, hop.failed ? hop.attempts.last?.error : nil]
            flags = [
                hop.failed, hop.isDeadLetter, hop.isReplay, hop.isUnfinished, hop.attempts.count > 1, hop.isUnsettled,
                hop.attempts.contains(where: \.isDuplicate),
            ]
        case .attempt(let place, let number):
            kind = 2
            let attempt = flow.hops[place].attempts[number]
            names = [attempt.error]
            flags = []
            kind += attempt.number
        case .operation(let place):
            let operation = flow.operations[place]
            kind = -1
            names = [operation.service, operation.record.name, operation.error, operation.emptiness]
            flags = [operation.isUnfinished]
        }
    }

    /// The same without what is numbered: `reply-17` and `reply-18` are alike then, and so are names with UUIDs.
    var withoutNumbers: Likeness {
        var rough = self
        rough.names = names.map { $0.map(NamePattern.of) }
        return rough
    }
}

/// Names that differ in nothing but numbers and ids.
package enum NamePattern {
    /// One name for several: the one that all have, else with `*` for what is numbered, else the first and `…`.
    package static func common(_ names: some Sequence<String>) -> String? {
        var first: String?
        var pattern: String?
        for name in names {
            guard let known = first else {
                first = name
                continue
            }
            if name == known { continue }
            let common = pattern ?? of(known)
            if of(name) != common { return "\(known) …" }
            pattern = common
        }
        return pattern ?? first
    }

    /// The name with `*` for each run of digits, and for each word of hexadecimal digits that has a digit in it.
    package static func of(_ name: String) -> String {
        guard name.utf8.contains(where: isDigit) else { return name }
        var result: [UInt8] = []
        var word: [UInt8] = []
        func flush() {
            defer { word.removeAll(keepingCapacity: true) }
            guard word.contains(where: isDigit) else { return result += word }
            let isID = word.count >= 8 && word.allSatisfy { isDigit($0) || (0x61...0x66).contains($0 | 0x20) }
            var last: UInt8?
            for byte in isID ? [0x30] : word {
                let written = isDigit(byte) ? UInt8(ascii: "*") : byte
                if written != UInt8(ascii: "*") || last != written { result.append(written) }
                last = written
            }
        }
        for byte in name.utf8 {
            if byte >= 0x80 || isDigit(byte) || (0x61...0x7A).contains(byte | 0x20) {
                word.append(byte)
            } else {
                flush()
                result.append(byte)
            }
        }
        flush()
        return String(decoding: result, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension Flow {
    /// True when no attempt to send it succeeded.
    package func failedToSend(_ publication: Publication) -> Bool {
        !publication.senders.isEmpty && publication.senders.allSatisfy { operation($0)?.failed ?? false }
    }
}
