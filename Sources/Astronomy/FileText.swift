extension String {
  /// Text of a file that ought to be UTF-8; older catalogues are read as Latin-1.
  public init(ofFile bytes: UnsafeBufferPointer<UInt8>) {
    // Nearly every text is ASCII, which needs no search for what is no UTF-8.
    if bytes.allSatisfy({ $0 < 0x80 }) {
      self.init(decoding: bytes, as: UTF8.self)
    } else {
      self =
        String(validating: bytes, as: UTF8.self)
        ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
  }
}
