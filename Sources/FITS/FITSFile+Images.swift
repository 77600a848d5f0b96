internal import CFITSIO
import Files

extension FITSFile {
  /// Goes to the image of a number, or to the first with two axes longer than one pixel, and
  /// makes sure that the file has all of it.
  ///
  /// - Returns: Its number, the first being 1.
  func selectImage(_ wanted: Int?) throws(FileError) -> Int {
    let number = if let wanted { try select(wanted) } else { try selectFirstImage() }
    try checkIsWhole(hdu: number)
    try checkTiles(hdu: number)
    return number
  }

  /// Makes sure that CFITSIO can be let at the tiles of a compressed image.
  ///
  /// For a tile that says that it is longer than all of them together it would take as much memory. Two codes it reads
  /// and writes as far as the code itself says.
  private func checkTiles(hdu: Int) throws(FileError) {
    var status: Int32 = 0
    guard fits_is_compressed_image(pointer, &status) != 0 else { return }
    guard ![HCOMPRESS_1, PLIO_1].contains(pointer.pointee.Fptr.pointee.compress_type) else {
      throw FileError(
        path, hdu: hdu, "its tiles are in the code \(text("ZCMPTYPE") ?? ""), which is not read",
        advice: "Unpack it first, with funpack")
    }
    let (rows, heap) = (max(integer("NAXIS2") ?? 0, 0), Int64(integer("PCOUNT") ?? 0))
    for name in ["COMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "UNCOMPRESSED_DATA"] {
      var (column, type): (Int32, Int32) = (0, 0)
      var (repeats, width): (Int64, Int64) = (0, 0)
      var title = Array(name.utf8CString)
      guard succeeds({ ffgcno(pointer, CASEINSEN, &title, &column, &$0) }),
        succeeds({ ffgtclll(pointer, column, &type, &repeats, &width, &$0) }), type < 0
      else { continue }
      for row in 0..<Int64(rows) {
        var (length, place): (Int64, Int64) = (0, 0)
        let isThere = succeeds { ffgdesll(pointer, column, row + 1, &length, &place, &$0) }
        guard isThere, (0...heap / max(width, 1)).contains(length), (0...heap).contains(place)
        else {
          throw FileError(
            path, hdu: hdu, row: Int(row) + 1, column: name,
            "a tile says that it has \(length) elements",
            advice: "Get the file again: it is damaged")
        }
      }
    }
  }

  func imageHeader(hdu: Int) throws(FileError) -> ImageHeader {
    do {
      return try ImageHeader(self)
    } catch {
      throw FileError(path, hdu: hdu, error)
    }
  }

  private func select(_ number: Int) throws(FileError) -> Int {
    guard number > 0, try move(to: number) else {
      throw FileError(path, hdu: number, "the file has no such HDU", advice: hduAdvice)
    }
    guard isImage, try imageHeader(hdu: number).axes.count >= 2 else {
      throw FileError(path, hdu: number, "this HDU is no image", advice: hduAdvice)
    }
    return number
  }

  private func selectFirstImage() throws(FileError) -> Int {
    var fallback: Int?
    // An image that its name calls that of noise or the like, which one of its size behind it goes before.
    var beside: (number: Int, axes: [Int])?
    var number = 1
    while try move(to: number) {
      let axes = isImage ? try imageHeader(hdu: number).axes : []
      if axes.filter({ $0 > 1 }).count >= 2 {
        let isBeside = AuxiliaryImages.areMeant(by: text("EXTNAME") ?? "")
        if !isBeside, beside?.axes ?? axes == axes { return number }
        beside = beside ?? (number, axes)
      } else if axes.count >= 2, !axes.contains(0) {
        fallback = fallback ?? number
      }
      number += 1
    }
    guard let found = beside?.number ?? fallback, try move(to: found) else {
      throw FileError(path, "the file holds no image", advice: "Give a file with a 2-D image")
    }
    return found
  }

  /// The images of a file besides one, whose EXTNAMEs they are where they have some; goes back to that one.
  func images(besides chosen: Int) throws(FileError) -> [String] {
    var names: [String] = []
    var number = 1
    while try move(to: number) {
      if number != chosen, isImage, try imageHeader(hdu: number).axes.filter({ $0 > 1 }).count >= 2
      {
        names.append(text("EXTNAME") ?? "HDU \(number)")
      }
      number += 1
    }
    _ = try move(to: chosen)
    return names
  }

  private var isImage: Bool {
    var type: Int32 = 0
    guard succeeds({ ffghdt(pointer, &type, &$0) }) else { return false }
    var status: Int32 = 0
    return type == IMAGE_HDU || fits_is_compressed_image(pointer, &status) != 0
  }
}

private let hduAdvice = "Choose an image; 'fitsinfo' lists them, the first being 1 here"
