extension Recipe {
  /// The recipe of each class.
  ///
  /// All figures are our own choice, made so that a radio astronomer would give most sources the
  /// class they were drawn from, and so that neighbouring classes overlap: bright core with
  /// centre-bright in the core's share, head-tail with single lobe in which end is brighter and with
  /// diffuse bent in the number of arms, edge-bright with symmetric double in the hot spots, the
  /// bent classes with their straight ones in the bend. At the small sizes the beam hides much.
  public static func standard(for kind: MorphologyClass) -> Recipe {
    switch kind {
    // Spokes, rings or stripes, whose figures are in `ArtefactPattern`.
    case .artifact:
      Recipe(shape: .artefact, size: 50...150, peakToNoise: 7...40)

    // Blobs of unlike width, without order.
    case .amorphous:
      Recipe(
        shape: .cloud, size: 30...90, peakToNoise: 9...50, core: 0...0.06, blobs: 4...9,
        scatter: 0.2...0.4, blobWidth: 0.15...0.5, axisRatio: 0.4...1)

    // A point that outshines the arms around it.
    case .brightCore:
      Recipe(
        shape: .twoArms, size: 25...100, peakToNoise: 60...600, core: 0.42...0.8, lobe: 0...0.5,
        fade: -0.5...2, width: 0.15...0.4, flare: 1...1.8, bend: 0...25, armRatio: 1...1.8,
        fluxRatio: 1...2.5, knots: 0.1...0.5)

    // A bright head at one end of a tail that fades, widens and may turn.
    case .headTail:
      Recipe(
        shape: .oneArm, size: 35...120, peakToNoise: 15...150, core: 0.12...0.45, fade: 1...3,
        width: 0.08...0.16, flare: 1.3...3.5, bend: 0...70, knots: 0.1...0.5)

    // One lobe beside a core that may be faint, brighter towards its outer end.
    case .singleLobe:
      Recipe(
        shape: .oneArm, size: 25...80, peakToNoise: 12...150, core: 0.03...0.3, hotSpot: 0...0.35,
        lobe: 0.35...0.75, lobeWidth: 0.25...0.55, fade: -1.5...0.5, width: 0.1...0.25,
        flare: 1...2, bend: 0...25, knots: 0...0.4)

    // Two arms that fade away from the core.
    case .centreBright:
      Recipe(
        shape: .twoArms, size: 35...120, peakToNoise: 15...200, core: 0.08...0.45, fade: 1...3.5,
        width: 0.12...0.28, flare: 1.2...3, bend: 0...25, armRatio: 1...1.6, fluxRatio: 1...2,
        knots: 0.1...0.4)

    // A compact ellipse with a peak in it.
    case .ellipse:
      Recipe(
        shape: .cloud, size: 12...28, peakToNoise: 20...250, core: 0.05...0.35,
        axisRatio: 0.35...0.8)

    // Two alike lobes at alike distances, with nothing bright at their ends.
    case .symmetricDouble:
      Recipe(
        shape: .twoArms, size: 22...90, peakToNoise: 12...200, core: 0...0.05, hotSpot: 0...0.15,
        lobe: 0.55...0.9, lobeWidth: 0.35...0.75, fade: -0.8...0.2, width: 0.15...0.4,
        armRatio: 1...1.2, fluxRatio: 1...1.5, knots: 0...0.3)

    // Two arms that brighten outwards and end in hot spots, often unlike.
    case .edgeBright:
      Recipe(
        shape: .twoArms, size: 30...120, peakToNoise: 20...300, core: 0...0.1, hotSpot: 0.12...0.45,
        lobe: 0.1...0.45, lobeWidth: 0.25...0.45, fade: -3.5 ... -1, width: 0.15...0.35,
        bend: 0...15, armRatio: 1...1.7, fluxRatio: 1...3, knots: 0.1...0.4)

    // Two smooth, wide arms that bend to the same side and fade.
    case .diffuseBent:
      Recipe(
        shape: .twoArms, size: 45...130, peakToNoise: 10...60, core: 0...0.15, fade: 0...1.8,
        width: 0.18...0.35, flare: 1.2...2.5, bend: 10...70, opening: 20...100, sShare: 0,
        armRatio: 1...1.7, fluxRatio: 1...2.2, knots: 0...0.35)

    // Bent arms with a core, knots or hot spots in them.
    case .structuredBent:
      Recipe(
        shape: .twoArms, size: 45...130, peakToNoise: 18...200, core: 0.05...0.25,
        hotSpot: 0.08...0.35, lobe: 0...0.3, lobeWidth: 0.2...0.35, fade: -1.5...1,
        width: 0.08...0.16, flare: 1...2, bend: 15...80, opening: 10...90, sShare: 0.2,
        armRatio: 1...1.7, fluxRatio: 1...2.5, knots: 0.4...0.9)

    // Round, smooth, without a bright centre.
    case .circularDiffuse:
      Recipe(
        shape: .cloud, size: 32...80, peakToNoise: 7...35, core: 0...0.04, blobs: 2...4,
        scatter: 0...0.12, blobWidth: 0.6...0.9, axisRatio: 0.82...1)
    }
  }
}
