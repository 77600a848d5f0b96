internal import CZlib

/// A tile as a file of gzip (FITS standard 4.0, section 10.4.2), of numbers of at most eight bytes.
struct GzipCode: TileCode {
  func isWhole(_ bytes: [UInt8], pixels: Int) -> Bool {
    var stream = z_stream()
    // 16 says that gzip's header stands before the window of 15 bits.
    guard
      inflateInit2_(
        &stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return false }
    defer { inflateEnd(&stream) }
    var bytes = bytes
    let count = bytes.count
    return bytes.withUnsafeMutableBufferPointer { input in
      (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(clamping: count))
      return Self.ends(&stream, within: 8 * pixels)
    }
  }

  /// Unpacks to the end, which has to come within so many bytes; what comes out is let go.
  private static func ends(_ stream: inout z_stream, within most: Int) -> Bool {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << 16) { output in
      while true {
        (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
        let status = inflate(&stream, Z_NO_FLUSH)
        if status == Z_STREAM_END { return stream.avail_in < 2 && Int(stream.total_out) <= most }
        if status != Z_OK || Int(stream.total_out) > most { return false }
      }
    }
  }
}
