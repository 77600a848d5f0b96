extension SkyPosition {
  /// The name of a source at the position, `JHHMMSS.ss±DDMMSS.s`, truncated as the IAU asks.
  ///
  /// Half a millionth of the last digit is added, so that a position given in just these digits is not
  /// truncated to the one below, as `reber.designation` does in SQL.
  public var designation: String {
    let time = Int((ra * 24_000 + 5e-7).rounded(.down))
    let arc = Int((abs(dec) * 36_000 + 5e-7).rounded(.down))
    // In one go: a catalogue has millions.
    return String(unsafeUninitializedCapacity: 19) { text in
      var end = 0
      func put(_ byte: UInt8) {
        text[end] = byte
        end += 1
      }
      func putTwoDigits(_ number: Int) {
        put(UInt8(0x30 + number / 10))
        put(UInt8(0x30 + number % 10))
      }
      put(UInt8(ascii: "J"))
      putTwoDigits(time / 360_000)
      putTwoDigits(time / 6000 % 60)
      putTwoDigits(time % 6000 / 100)
      put(UInt8(ascii: "."))
      putTwoDigits(time % 100)
      put(UInt8(ascii: dec < 0 ? "-" : "+"))
      putTwoDigits(arc / 36_000)
      putTwoDigits(arc / 600 % 60)
      putTwoDigits(arc % 600 / 10)
      put(UInt8(ascii: "."))
      put(UInt8(0x30 + arc % 10))
      return end
    }
  }
}
