/// A Mermaid gantt chart before it is text: bars on one axis of time.
struct GanttChart {
    enum Mark: String {
        /// Grey: nobody works.
        case waiting = "done"
        /// Somebody works. No mark, because the text beside an `active` bar cannot be read in Mermaid's dark theme.
        case working = ""
        /// A moment.
        case moment = "milestone"
    }

    struct Task: Hashable {
        var id: String
        var text: String
        var mark: Mark
        /// Waiting on the critical path has a red border. Work has not: all of such a bar would be red, and red means failure.
        var isCritical = false
        /// In thousandths of the axis's unit.
        var start: Int
        var end: Int
    }

    struct Section: Hashable {
        var title: String
        var tasks: [Task] = []
    }

    /// What the numbers on the axis count.
    struct Axis: Hashable {
        /// Such as `ms`.
        var unit: String
        /// Nanoseconds.
        var length: UInt64
        /// True to write whole units; false where thousandths of a larger unit are what a reader wants.
        var countsUnits: Bool

        /// Mermaid writes clock times, in the reader's time zone. Milliseconds and seconds since 1970 are the two forms
        /// that are numbers everywhere, so the axis starts there and counts in whatever unit fits. Whole units are written
        /// from so many on that Mermaid has no ticks between them.
        static func fitting(_ nanoseconds: UInt64) -> Axis {
            switch nanoseconds {
            case ..<7_100_000: Axis(unit: "µs", length: 1_000, countsUnits: false)
            case ..<10_000_000: Axis(unit: "ms", length: 1_000_000, countsUnits: true)
            case ..<7_100_000_000: Axis(unit: "ms", length: 1_000_000, countsUnits: false)
            case ..<600_000_000_000: Axis(unit: "s", length: 1_000_000_000, countsUnits: true)
            case ..<36_000_000_000_000: Axis(unit: "min", length: 60_000_000_000, countsUnits: true)
            default: Axis(unit: "h", length: 3_600_000_000_000, countsUnits: true)
            }
        }

        /// A moment as a number of the chart.
        func place(_ nanoseconds: UInt64) -> Int {
            let step = countsUnits ? length / 1_000 : length
            return Int(clamping: nanoseconds / step)
        }
    }

    var title: String?
    var axis: Axis
    var sections: [Section] = []

    /// The diagram as Mermaid reads it, ending in a newline.
    var text: String {
        var lines: [String] = ["---"]
        if let title { lines.append("title: \"\(MermaidText.title(title))\"") }
        // Wide enough for the longest section, which would else run into its bars.
        let longest = sections.map { MermaidText.plain($0.title).count }.max() ?? 0
        lines += ["config:", "  gantt:", "    leftPadding: \(max(75, 20 + longest * 7))", "---"]
        lines += ["gantt", "  dateFormat x", "  axisFormat \(axis.countsUnits ? "%s" : "%Q") \(axis.unit)"]
        // On an axis that starts in 1970, today has no place.
        lines.append("  todayMarker off")
        for section in sections {
            lines.append("  section \(MermaidText.item(section.title))")
            for task in section.tasks {
                var parts = [task.isCritical ? "crit" : "", task.mark.rawValue].filter { !$0.isEmpty }
                parts += [task.id, "\(task.start)", "\(task.end)"]
                lines.append("  \(MermaidText.item(task.text)) :\(parts.joined(separator: ", "))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
