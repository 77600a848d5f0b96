/// Images that programs write beside that of a sky: of its noise, its residuals, their weights.
public enum AuxiliaryImages {
  private static let words: Set<String> = [
    "rms", "noise", "noisemap", "mask", "residual", "residuals", "resid", "model", "weight",
    "weights", "wht", "err",
    "error", "var", "variance", "dq", "background", "bkg", "psf",
  ]

  /// Whether a file's or an extension's name has a word for such an image: `field_rms`, `WHT`.
  public static func areMeant(by name: String) -> Bool {
    name.lowercased().split { !$0.isLetter }.contains { words.contains(String($0)) }
  }
}
