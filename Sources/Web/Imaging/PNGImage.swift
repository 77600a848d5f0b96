import CPNG

/// Pixels in rows from the top, one byte (grey) or three (red, green, blue) each.
struct Raster: Sendable, Equatable {
  /// Columns.
  let width: Int

  /// Rows.
  let height: Int

  /// Bytes a pixel, 1 or 3.
  let channels: Int

  /// Row by row from the top.
  var bytes: [UInt8]

  /// As a PNG file.
  func png() -> [UInt8] {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(width)
    image.height = png_uint_32(height)
    image.format = channels == 1 ? 0 : png_uint_32(PNG_FORMAT_RGB)
    image.flags = png_uint_32(PNG_IMAGE_FLAG_FAST)
    let room = bytes.count + bytes.count / 64 + height + 65536
    return [UInt8](unsafeUninitializedCapacity: room) { buffer, initialised in
      var count = png_alloc_size_t(room)
      let written = png_image_write_to_memory(
        &image, buffer.baseAddress, &count, 0, bytes, 0, nil)
      initialised = written != 0 ? Int(count) : 0
    }
  }
}
