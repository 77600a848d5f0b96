import FITS

extension Metadata {
  /// What a FITS table's header says of it.
  init(_ table: BinaryTable) {
    self.init(name: table.name)
    let comments = table.comments.joined(separator: "\n").trimmed
    description = comments.nonEmpty
    for keyword in table.keywords {
      if keyword.name == "RADESYS", case .text(let frame) = keyword.value {
        self.frame = frame
      } else {
        entries.append(
          Entry(keyword.name, Value(keyword.value), description: keyword.comment))
      }
    }
  }

  /// The keywords that hold the entries and the frame; vectors and nulls have none.
  var keywords: [BinaryTableKeyword] {
    let frame = frame.map { BinaryTableKeyword("RADESYS", .text($0), comment: "of the positions") }
    return (frame.map { [$0] } ?? []) + entries.compactMap(keyword)
  }

  private func keyword(_ entry: Entry) -> BinaryTableKeyword? {
    let unit = entry.unit.map { "[\($0)]" }
    let words = [unit, entry.description].compactMap(\.self).joined(separator: " ")
    let value: BinaryTableKeyword.Value
    switch entry.value {
    case .boolean(let flag): value = .logical(flag)
    case .integer(let number): value = .integer(number)
    case .real(let number) where number.isFinite: value = .real(number)
    case .real(let number): value = .text("\(number)")
    case .text(let text): value = .text(text)
    case .null, .reals: return nil
    }
    return BinaryTableKeyword(entry.name, value, comment: words.nonEmpty)
  }
}

extension Value {
  fileprivate init(_ value: BinaryTableKeyword.Value) {
    switch value {
    case .logical(let flag): self = .boolean(flag)
    case .integer(let number): self = .integer(number)
    case .real(let number): self = .real(number)
    case .text(let text): self.init(text)
    }
  }
}
