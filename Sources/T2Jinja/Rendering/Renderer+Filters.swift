/// Jinja's filters.
extension Renderer {
    mutating func filter(
        _ name: String, _ value: TemplateValue, _ arguments: Values
    ) throws(TemplateError) -> TemplateValue {
        var reader = ArgumentReader(arguments, of: name)
        let size = try read(value)
        for argument in arguments.positional + arguments.named.map(\.value) { try read(argument) }
        // These compare elements with each other.
        if ["unique", "sort", "dictsort"].contains(name) { try work(size, times: name == "unique" ? size : 20) }
        let result = try filter(name, value, size: size, &reader)
        try reader.end()
        try read(result)
        return result
    }

    private mutating func filter(
        _ name: String, _ value: TemplateValue, size: Int, _ reader: inout ArgumentReader
    ) throws(TemplateError) -> TemplateValue {
        switch name {
        case "trim": return .text(value.printed.stripped(try reader.optionalText("chars")))
        case "string", "safe": return .text(value.printed)
        case "lower": return .text(value.printed.lowercased())
        case "upper": return .text(value.printed.uppercased())
        case "capitalize": return .text(value.printed.capitalized())
        case "title": return .text(Self.title(value.printed))
        case "escape", "e": return .text(Self.escaped(value.printed))
        case "replace":
            let (old, new) = (try reader.required("old").printed, try reader.required("new").printed)
            let limit = try reader.optionalInteger("count") ?? -1
            return .text(try replaced(value.printed, old, new, limit))
        case "indent": return .text(try indented(value.printed, &reader))
        case "tojson":
            let json = try JSONText(&reader)
            try requireText(size, times: 1 + json.indentationCount)
            return .text(try json.text(value))
        case "length", "count": return .integer(try value.length())
        case "default", "d":
            let standard = reader.optional("default_value") ?? .text(TemplateText())
            let isForFalse = reader.optional("boolean")?.isTrue ?? false
            return value.isUndefined || (isForFalse && !value.isTrue) ? standard : value
        case "int":
            let standard = reader.optional("default") ?? .integer(0)
            if let number = value.numeric, number.magnitude < 9e18 { return .integer(value.integral ?? Int(number)) }
            let text = value.printed.stripped().string
            return Int(text).map { .integer($0) } ?? Double(text).flatMap { Int(exactly: $0.rounded(.towardZero)) }
                .map { .integer($0) } ?? standard
        case "float":
            let standard = reader.optional("default") ?? .number(0)
            return (value.numeric ?? Double(value.printed.stripped().string)).map { .number($0) } ?? standard
        case "abs":
            if let number = value.integral, number != .min { return .integer(abs(number)) }
            guard let number = value.numeric else {
                throw TemplateError(.invalid, "\(value.kind) has no absolute value")
            }
            return .number(abs(number))
        default: return try filterList(name, value, &reader)
        }
    }

    private mutating func filterList(
        _ name: String, _ value: TemplateValue, _ reader: inout ArgumentReader
    ) throws(TemplateError) -> TemplateValue {
        switch name {
        case "list": return .list(try value.elements())
        case "first": return try value.elements().first ?? .undefined("the first element of an empty list")
        case "last": return try value.elements().last ?? .undefined("the last element of an empty list")
        case "reverse":
            let items = Array(try value.elements().reversed())
            if case .text = value { return .text(.joined(items.map(\.printed), by: "")) }
            return .list(items)
        case "items":
            if value.isUndefined { return .list([]) }
            guard case .dictionary(let dictionary) = value else {
                throw TemplateError(.invalid, "\(value.kind) has no pairs of keys and values")
            }
            return .list(dictionary.pairs.map { .tuple([$0.key, $0.value]) })
        case "join":
            let separator = reader.optional("d")?.printed ?? ""
            let attribute = reader.optional("attribute")
            var texts: [TemplateText] = []
            for item in try value.elements() { texts.append(try Self.attribute(attribute, of: item).printed) }
            return .text(try joined(texts, by: separator))
        case "sort", "unique", "min", "max":
            let isReversed = name == "sort" ? reader.optional("reverse")?.isTrue ?? false : false
            let isExact = reader.optional("case_sensitive")?.isTrue ?? false
            let attribute = reader.optional("attribute")
            var keyed: [Keyed] = []
            for item in try value.elements() {
                keyed.append(Keyed(key: Self.folded(try Self.attribute(attribute, of: item), isExact), item: item))
            }
            if name == "unique" {
                var kept: [Keyed] = []
                for element in keyed where !kept.contains(where: { $0.key.equals(element.key) }) {
                    kept.append(element)
                }
                return .list(kept.map(\.item))
            }
            let sorted = try Self.sorted(keyed, isReversed: isReversed || name == "max").map(\.item)
            return name == "sort" ? .list(sorted) : sorted.first ?? .undefined("the \(name) of an empty list")
        case "dictsort":
            let isExact = reader.optional("case_sensitive")?.isTrue ?? false
            let isByValue = try reader.optionalText("by") == "value"
            let isReversed = reader.optional("reverse")?.isTrue ?? false
            guard case .dictionary(let dictionary) = value else {
                throw TemplateError(.invalid, "\(value.kind) has no keys")
            }
            let keyed = dictionary.pairs.map { key, value in
                Keyed(key: Self.folded(isByValue ? value : key, isExact), item: .tuple([key, value]))
            }
            return .list(try Self.sorted(keyed, isReversed: isReversed).map(\.item))
        case "sum":
            let attribute = reader.optional("attribute")
            var (total, isWhole) = (0.0, true)
            for item in try value.elements() {
                let number = try Self.attribute(attribute, of: item)
                guard let numeric = number.numeric else {
                    throw TemplateError(.invalid, "\(number.kind) cannot be added")
                }
                total += numeric
                isWhole = isWhole && number.integral != nil
            }
            return isWhole && total.magnitude < 9e15 ? .integer(Int(total)) : .number(total)
        case "map": return .list(try map(try value.elements(), &reader))
        case "select", "reject": return .list(try select(try value.elements(), keeps: name == "select", &reader))
        case "selectattr", "rejectattr":
            let attribute = try reader.required("attribute")
            return .list(
                try select(try value.elements(), keeps: name == "selectattr", attribute: attribute, &reader))
        default: throw TemplateError(.unsupported, "the filter '\(name)'")
        }
    }

    private mutating func map(
        _ items: [TemplateValue], _ reader: inout ArgumentReader
    ) throws(TemplateError) -> [TemplateValue] {
        var positional = reader.takeAll()
        var named = reader.takeNamed()
        let attribute = named.firstIndex { $0.name == "attribute" }.map { named.remove(at: $0).value }
        let standard = named.firstIndex { $0.name == "default" }.map { named.remove(at: $0).value }
        let filter =
            attribute == nil && !positional.isEmpty ? try positional.removeFirst().asText("a filter's name") : nil
        var mapped: [TemplateValue] = []
        for item in items {
            try step()
            if let filter {
                mapped.append(
                    try self.filter(filter.string, item, Values(positional: positional, named: named)))
            } else {
                let value = try Self.attribute(attribute, of: item)
                mapped.append(value.isUndefined ? standard ?? value : value)
            }
        }
        return mapped
    }

    /// The items that pass a test, or those that do not.
    private mutating func select(
        _ items: [TemplateValue], keeps: Bool, attribute: TemplateValue? = nil, _ reader: inout ArgumentReader
    ) throws(TemplateError) -> [TemplateValue] {
        let name = try reader.optionalText("test")?.string
        let arguments = Values(positional: reader.takeAll(), named: reader.takeNamed())
        var kept: [TemplateValue] = []
        for item in items {
            try step()
            let value = try Self.attribute(attribute, of: item)
            let passes = try name.map { name throws(TemplateError) in try test(name, value, arguments) } ?? value.isTrue
            if passes == keeps { kept.append(item) }
        }
        return kept
    }

    /// The attribute of a name such as `function.name`, or the item of a number; the value itself without one.
    private static func attribute(
        _ path: TemplateValue?, of value: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        guard let path else { return value }
        guard case .text(let text) = path else { return try item(path, of: value) }
        var value = value
        for part in text.split(by: ".") {
            value = try item(Int(part.string).map { .integer($0) } ?? .text(part), of: value)
        }
        return value
    }

    // MARK: - Order

    private struct Keyed {
        let key: TemplateValue
        let item: TemplateValue
    }

    private static func folded(_ value: TemplateValue, _ isExact: Bool) -> TemplateValue {
        if case .text(let text) = value, !isExact { return .text(text.lowercased()) }
        return value
    }

    private static func sorted(_ keyed: [Keyed], isReversed: Bool) throws(TemplateError) -> [Keyed] {
        do {
            return try keyed.enumerated().sorted { left, right in
                let (first, second) = isReversed ? (right, left) : (left, right)
                if try first.element.key.isLess(than: second.element.key) { return true }
                // Equal ones stay in their order.
                return try !second.element.key.isLess(than: first.element.key) && left.offset < right.offset
            }.map(\.element)
        } catch let error as TemplateError {
            throw error
        } catch {
            throw TemplateError(.invalid, "\(error)")
        }
    }

    // MARK: - Text

    /// - Parameter limit: replaces at most so many occurrences; all if it is negative.
    mutating func replaced(
        _ text: TemplateText, _ old: TemplateText, _ new: TemplateText, _ limit: Int
    ) throws(TemplateError) -> TemplateText {
        let limit = limit < 0 ? Int.max : limit
        let places = old.isEmpty ? text.count + 1 : text.split(by: old, limit: limit).count
        try requireText(places, times: new.count)
        return text.replacing(old, with: new, limit: limit)
    }

    mutating func joined(_ texts: [TemplateText], by separator: TemplateText) throws(TemplateError) -> TemplateText {
        try requireText(texts.count, times: separator.count)
        try requireText(texts.reduce(0) { $0 + $1.count })
        return .joined(texts, by: separator)
    }

    /// Words begin after white space, hyphens and opening brackets.
    private static func title(_ text: TemplateText) -> TemplateText {
        func word(_ word: TemplateText) -> TemplateText {
            word.isEmpty ? word : word[0..<1].uppercased() + word[1..<word.count].lowercased()
        }
        var (result, start) = (TemplateText(), 0)
        for (index, unit) in text.units.enumerated() {
            let scalar = TemplateText.scalar(unit)
            guard TemplateText.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) else { continue }
            result += word(text[start..<index]) + text[index..<(index + 1)]
            start = index + 1
        }
        return result + word(text[start..<text.count])
    }

    private static func escaped(_ text: TemplateText) -> TemplateText {
        text.expanding {
            switch $0 {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "'": "&#39;"
            case "\"": "&#34;"
            default: nil
            }
        }
    }

    private mutating func indented(_ text: TemplateText, _ reader: inout ArgumentReader) throws(TemplateError)
        -> TemplateText
    {
        let indentation: TemplateText
        switch reader.optional("width") {
        case .text(let text)?: indentation = text
        case let width?:
            guard let count = width.integral, (0...1_000).contains(count) else {
                throw TemplateError(.invalid, "'indent' needs a width from 0 to 1000")
            }
            indentation = TemplateText(String(repeating: " ", count: count))
        case nil: indentation = "    "
        }
        let indentsFirst = reader.optional("first")?.isTrue ?? false
        let indentsBlank = reader.optional("blank")?.isTrue ?? false
        let lines = (text + "\n").lines()
        try requireText(text.count)
        try requireText(lines.count, times: 1 + indentation.count)
        let rest = lines.dropFirst().map { $0.isEmpty && !indentsBlank ? $0 : indentation + $0 }
        return (indentsFirst ? indentation : "") + .joined([lines[0]] + rest, by: "\n")
    }
}
