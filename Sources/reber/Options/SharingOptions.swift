import ArgumentParser
import Stages

/// The options of commands whose work several processes can do together.
struct JoinOptions: ParsableArguments {
  @Flag(
    help: """
      Help the processes that are at the same work, on whatever machine, or begin it for others to help: each \
      claims a part at a time.
      """)
  var join = false

  @Option(
    help: ArgumentHelp(
      "How long this process may be silent before others take over what it has claimed.",
      valueName: "seconds"))
  var lease = Sharing().lease

  func validate() throws {
    guard lease >= 1, lease.isFinite else {
      throw ValidationError("--lease must be at least a second")
    }
  }

  /// How the work is shared.
  var sharing: Sharing {
    var sharing = Sharing()
    (sharing.joins, sharing.lease) = (join, lease)
    return sharing
  }
}

/// Those of commands whose work is divided by images.
struct SharingOptions: ParsableArguments {
  @OptionGroup var joining: JoinOptions

  @Option(help: ArgumentHelp("Images that are claimed at a time.", valueName: "images"))
  var pieceSize = Sharing().pieceSize

  func validate() throws {
    guard pieceSize > 0 else { throw ValidationError("--piece-size must be above 0") }
  }

  /// How the work is shared.
  var sharing: Sharing {
    var sharing = joining.sharing
    sharing.pieceSize = pieceSize
    return sharing
  }
}
