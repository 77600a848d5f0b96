extension SkyPosition {
  /// The name of a source at the position, `JHHMMSS.ss±DDMMSS.s`, truncated as the IAU asks.
  ///
  /// Half a millionth of the last digit is added, so that a position given in just these digits is not
  /// truncated to the one below, as `reber.designation` does in SQL.
  public var designation: String {
    let time = Int((ra * 24_000 + 5e-7).rounded(.down))
    let arc = Int((abs(dec) * 36_000 + 5e-7).rounded(.down))
    return "J" + padded(time / 360_000, 2) + padded(time / 6000 % 60, 2)
      + padded(time % 6000 / 100, 2) + "." + padded(time % 100, 2) + (dec < 0 ? "-" : "+")
      + padded(arc / 36_000, 2) + padded(arc / 600 % 60, 2) + padded(arc % 600 / 10, 2)
      + ".\(arc % 10)"
  }
}

private func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(width - digits.count, 0)) + digits
}
