internal import CFITSIO
import Files

extension FITSFile {
  /// Goes to an HDU, the first being 1; false beyond the last one.
  ///
  /// The headers on the way are checked before CFITSIO is let at them.
  func move(to number: Int) throws(FileError) -> Bool {
    while checked < number {
      guard try jump(to: checked) else { return false }
      if let fault = HeaderCheck(try nextCards()).fault(fileSize: size) {
        throw FileError(
          path, hdu: checked + 1, fault, advice: "Get the file again, or mend its header")
      }
      checked += 1
    }
    return try jump(to: number)
  }

  /// Makes sure that the file has all data of the HDU at which it stands.
  func checkIsWhole(hdu: Int) throws(FileError) {
    guard try end(hdu: hdu) <= Double(size) else { throw .truncated(path, hdu: hdu) }
  }

  /// Bytes of the file, unpacked.
  private var size: Int { Int(pointer.pointee.Fptr.pointee.filesize) }

  private func jump(to number: Int) throws(FileError) -> Bool {
    var status: Int32 = 0
    ffpmrk()
    ffmahd(pointer, Int32(clamping: number), nil, &status)
    if status == 0 { return true }
    ffcmrk()
    if status == END_OF_FILE { return false }
    throw FileError(path, hdu: number, FITSStatus(taking: status))
  }

  /// The cards of the header that follows the HDU at which the file stands; none where no header does.
  ///
  /// A header without END has all cards to the end of the file: CFITSIO reads these before it misses END.
  private func nextCards() throws(FileError) -> [String] {
    var (data, start): (Int64, Int64) = (0, 0)
    do {
      try check { ffghadll(pointer, nil, &data, &start, &$0) }
    } catch {
      throw FileError(path, hdu: checked, error)
    }
    var cards: [String] = []
    var block = [UInt8](repeating: 0, count: 2880)
    while start >= 0, Int(start) + block.count <= size {
      let place = start - data
      guard succeeds({ ffgextn(pointer, place, Int64(block.count), &block, &$0) }) else {
        break
      }
      for place in stride(from: 0, to: block.count, by: 80) {
        let ascii = block[place..<place + 80].map { $0 < 0x80 ? $0 : UInt8(ascii: "?") }
        let card = String(decoding: ascii, as: UTF8.self)
        if card.hasPrefix("END     ") { return cards }
        cards.append(card)
      }
      guard cards[0].hasPrefix("XTENSION") || cards[0].hasPrefix("SIMPLE") else { return [] }
      start += Int64(block.count)
    }
    return cards
  }

  /// The bytes that the file must have for all data of the HDU; the padding after them aside.
  private func end(hdu: Int) throws(FileError) -> Double {
    var start: Int64 = 0
    do {
      try check { ffghadll(pointer, nil, &start, nil, &$0) }
    } catch {
      throw FileError(path, hdu: hdu, error)
    }
    func number(_ keyword: String, or missing: Int) -> Double {
      Double(integer(keyword) ?? missing)
    }
    let axes = integer("NAXIS") ?? 0
    guard axes > 0 else { return Double(start) }
    let elements = (1...axes).reduce(1) { $0 * number("NAXIS\($1)", or: 0) }
    return Double(start) + (elements + number("PCOUNT", or: 0)) * number("GCOUNT", or: 1)
      * abs(number("BITPIX", or: 8)) / 8
  }
}
