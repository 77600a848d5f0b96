public import NeuralNetwork
internal import Tensor

/// What every engine computes, in plain loops over double precision: slow, for tiny networks.
///
/// A reader who wants to know what a kernel replaces finds it here, and a test holds every other
/// engine against it. A network is a list of layers, each of which turns a batch into another and,
/// given the derivative of the loss by its output, adds to those of its parameters and gives that by
/// its input. It is also the pattern of another engine: three types of three protocols.
public struct ReferenceEngine: Engine {
  /// An engine.
  public init() {}

  public var kernels: String { "plain" }

  public func check(_ precision: Precision) throws {
    guard precision == .float32 else { throw NetworkError.noInstructions(precision.rawValue) }
  }

  public func encoder(
    _ architecture: Architecture, precision: Precision, seed: UInt64
  ) throws -> any Encoder {
    try architecture.check()
    try check(precision)
    return ReferenceEncoder(architecture, seed: seed)
  }
}

/// A batch of images `[count, height, width, channels]`, or of rows where height and width are 1.
struct Batch {
  var count: Int
  var height: Int
  var width: Int
  var channels: Int
  var values: [Double]

  init(_ count: Int, _ height: Int, _ width: Int, _ channels: Int) {
    (self.count, self.height, self.width, self.channels) = (count, height, width, channels)
    values = [Double](repeating: 0, count: count * height * width * channels)
  }

  init(_ tensor: Tensor) {
    let shape = tensor.shape
    self.init(
      shape[0], shape.count == 4 ? shape[1] : 1, shape.count == 4 ? shape[2] : 1, shape.last ?? 1)
    values = tensor.values.map(Double.init)
  }

  /// The same shape with other values.
  func with(_ values: [Double]) -> Batch {
    var other = self
    other.values = values
    return other
  }

  var tensor: Tensor { Tensor(shape: [count, channels], values: values.map(Float.init)) }

  subscript(n: Int, row: Int, column: Int, channel: Int) -> Double {
    get { values[((n * height + row) * width + column) * channels + channel] }
    set { values[((n * height + row) * width + column) * channels + channel] = newValue }
  }
}

/// A tensor that learns, or one that only follows the batches.
struct Weight {
  var value: [Double]
  let shape: [Int]
  var gradient: [Double]

  /// Whether weight decay applies, and the adaptation of LARS.
  let decays: Bool

  init(_ shape: [Int], decays: Bool, _ make: () -> Float) {
    (self.shape, self.decays) = (shape, decays)
    value = (0..<shape.reduce(1, *)).map { _ in Double(make()) }
    gradient = [Double](repeating: 0, count: value.count)
  }

  /// Drawn by He's rule.
  init(_ shape: [Int], fan: Int, using random: inout RandomStream) {
    let deviation = (2 / Float(fan)).squareRoot()
    self.init(shape, decays: true) { deviation * random.normal() }
  }
}

/// A layer: forward, backward, and its weights by name.
protocol Layer {
  /// The output; in training what `backward` needs is kept, and running statistics follow.
  mutating func forward(_ x: Batch, training: Bool) -> Batch

  /// Adds to the weights' gradients, and gives the input's.
  mutating func backward(_ gradient: Batch) -> Batch

  /// Calls `body` with every weight; those that do not learn come with `false`.
  mutating func visit(_ body: (String, inout Weight, _ learns: Bool) -> Void)
}

/// Convolution without bias, padded so that stride 1 keeps the size:
/// y[n, r, c, k] = Σ x[n, r s + i − p, c s + j − p, d] w[k, d, i, j], p = ⌊kernel / 2⌋.
struct ConvolutionLayer: Layer {
  var weight: Weight
  let stride: Int
  private var x = Batch(0, 0, 0, 0)

  init(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int, using random: inout RandomStream) {
    weight = Weight(
      [outputs, inputs, kernel, kernel], fan: outputs * kernel * kernel, using: &random)
    self.stride = stride
  }

  mutating func forward(_ x: Batch, training: Bool) -> Batch {
    self.x = x
    var y = Batch(
      x.count, (x.height - 1) / stride + 1, (x.width - 1) / stride + 1, weight.shape[0])
    everyProduct(y) { y.values[$0] += x.values[$1] * weight.value[$2] }
    return y
  }

  mutating func backward(_ gradient: Batch) -> Batch {
    var result = x.with([Double](repeating: 0, count: x.values.count))
    everyProduct(gradient) {
      result.values[$1] += gradient.values[$0] * weight.value[$2]
      weight.gradient[$2] += gradient.values[$0] * x.values[$1]
    }
    return result
  }

  /// Calls `body` with the places of every output, and of each input and weight that it sums.
  private func everyProduct(_ y: Batch, _ body: (_ y: Int, _ x: Int, _ w: Int) -> Void) {
    let (inputs, kernel) = (weight.shape[1], weight.shape[2])
    for place in y.values.indices {
      let (k, column) = (place % y.channels, place / y.channels % y.width)
      let row = place / y.channels / y.width % y.height
      let n = place / y.channels / y.width / y.height
      for (i, j) in (0..<kernel * kernel).map({ ($0 / kernel, $0 % kernel) }) {
        let (r, c) = (row * stride + i - kernel / 2, column * stride + j - kernel / 2)
        guard 0..<x.height ~= r, 0..<x.width ~= c else { continue }
        for d in 0..<inputs {
          body(
            place, ((n * x.height + r) * x.width + c) * inputs + d,
            ((k * inputs + d) * kernel + i) * kernel + j)
        }
      }
    }
  }

  mutating func visit(_ body: (String, inout Weight, Bool) -> Void) {
    body("weight", &weight, true)
  }
}

/// Batch normalisation (Ioffe & Szegedy 2015): z = γ (y − mean) / √(variance + 1e-5) + β of each
/// channel, with the batch's mean and variance in training, else with running averages of them.
struct NormalisationLayer: Layer {
  var weight: Weight
  var bias: Weight
  var mean: Weight
  var variance: Weight
  private var centred: [Double] = []
  private var inverse: [Double] = []

  init(_ channels: Int, weight: Float = 1) {
    self.weight = Weight([channels], decays: false) { weight }
    bias = Weight([channels], decays: false) { 0 }
    mean = Weight([channels], decays: false) { 0 }
    variance = Weight([channels], decays: false) { 1 }
  }

  mutating func forward(_ y: Batch, training: Bool) -> Batch {
    let channels = y.channels
    var (means, variances) = (mean.value, variance.value)
    if training {
      let count = Double(y.values.count / channels)
      means = sums(y.values, channels) { y.values[$0] }.map { $0 / count }
      variances = sums(y.values, channels) {
        (y.values[$0] - means[$0 % channels]) * (y.values[$0] - means[$0 % channels])
      }.map { $0 / count }
      for c in 0..<channels {
        mean.value[c] += 0.1 * (means[c] - mean.value[c])
        let unbiased = variances[c] * count / max(1, count - 1)
        variance.value[c] += 0.1 * (unbiased - variance.value[c])
      }
    }
    inverse = variances.map { 1 / ($0 + 1e-5).squareRoot() }
    centred = y.values.indices.map { y.values[$0] - means[$0 % channels] }
    return y.with(
      centred.indices.map {
        let c = $0 % channels
        return weight.value[c] * centred[$0] * inverse[c] + bias.value[c]
      })
  }

  mutating func backward(_ g: Batch) -> Batch {
    let (channels, count) = (g.channels, Double(g.values.count / g.channels))
    let first = sums(g.values, channels) { g.values[$0] }
    let second = sums(g.values, channels) { g.values[$0] * centred[$0] * inverse[$0 % channels] }
    for c in 0..<channels {
      bias.gradient[c] += first[c]
      weight.gradient[c] += second[c]
    }
    return g.with(
      g.values.indices.map {
        let c = $0 % channels
        let part = (first[c] + second[c] * centred[$0] * inverse[c]) / count
        return weight.value[c] * inverse[c] * (g.values[$0] - part)
      })
  }

  private func sums(_ values: [Double], _ channels: Int, _ term: (Int) -> Double) -> [Double] {
    values.indices.reduce(into: [Double](repeating: 0, count: channels)) {
      $0[$1 % channels] += term($1)
    }
  }

  mutating func visit(_ body: (String, inout Weight, Bool) -> Void) {
    body("weight", &weight, true)
    body("bias", &bias, true)
    body("running_mean", &mean, false)
    body("running_var", &variance, false)
  }
}

/// max(0, x).
struct ReLULayer: Layer {
  private var isOpen: [Bool] = []

  mutating func forward(_ x: Batch, training: Bool) -> Batch {
    isOpen = x.values.map { $0 > 0 }
    return x.with(zip(x.values, isOpen).map { $1 ? $0 : 0 })
  }

  func backward(_ gradient: Batch) -> Batch {
    gradient.with(zip(gradient.values, isOpen).map { $1 ? $0 : 0 })
  }

  func visit(_ body: (String, inout Weight, Bool) -> Void) {}
}

/// The mean over each image's pixels, and behind the means the largest values where they are asked for.
struct PoolLayer: Layer {
  var hasLargest = false
  private var x = Batch(0, 0, 0, 0)

  /// The place in x of each largest value: the first of equal ones.
  private var places: [Int] = []

  init(hasLargest: Bool) { self.hasLargest = hasLargest }

  mutating func forward(_ x: Batch, training: Bool) -> Batch {
    self.x = x
    var y = Batch(x.count, 1, 1, length)
    for place in x.values.indices { y.values[mean(place)] += x.values[place] / pixels }
    guard hasLargest else { return y }
    places = (0..<x.count * x.channels).map { output in
      let first = output / x.channels * x.height * x.width * x.channels + output % x.channels
      return (0..<x.height * x.width).map { first + $0 * x.channels }
        .reduce(first) { x.values[$1] > x.values[$0] ? $1 : $0 }
    }
    for place in places { y.values[mean(place) + x.channels] = x.values[place] }
    return y
  }

  func backward(_ gradient: Batch) -> Batch {
    var result = x.with(x.values.indices.map { gradient.values[mean($0)] / pixels })
    for place in places { result.values[place] += gradient.values[mean(place) + x.channels] }
    return result
  }

  private var pixels: Double { Double(x.height * x.width) }

  private var length: Int { hasLargest ? 2 * x.channels : x.channels }

  private func mean(_ place: Int) -> Int {
    place / (x.height * x.width * x.channels) * length + place % x.channels
  }

  func visit(_ body: (String, inout Weight, Bool) -> Void) {}
}

/// The largest of every 3×3 window, two pixels apart and padded by one.
struct LargestLayer: Layer {
  private var x = Batch(0, 0, 0, 0)

  /// The place in x of each output: the first of equal ones.
  private var places: [Int] = []

  mutating func forward(_ x: Batch, training: Bool) -> Batch {
    self.x = x
    var y = Batch(x.count, (x.height + 1) / 2, (x.width + 1) / 2, x.channels)
    places = y.values.indices.map { place in
      let (k, column) = (place % y.channels, place / y.channels % y.width)
      let row = place / y.channels / y.width % y.height
      let n = place / y.channels / y.width / y.height
      let window = (0..<9).compactMap { step -> Int? in
        let (r, c) = (2 * row + step / 3 - 1, 2 * column + step % 3 - 1)
        guard 0..<x.height ~= r, 0..<x.width ~= c else { return nil }
        return ((n * x.height + r) * x.width + c) * x.channels + k
      }
      return window.dropFirst().reduce(window[0]) { x.values[$1] > x.values[$0] ? $1 : $0 }
    }
    y.values = places.map { x.values[$0] }
    return y
  }

  func backward(_ gradient: Batch) -> Batch {
    var result = x.with([Double](repeating: 0, count: x.values.count))
    for (place, value) in zip(places, gradient.values) { result.values[place] += value }
    return result
  }

  func visit(_ body: (String, inout Weight, Bool) -> Void) {}
}

/// y = x Wᵀ + b.
struct LinearLayer: Layer {
  var weight: Weight
  var bias: Weight
  private var x = Batch(0, 0, 0, 0)

  init(_ inputs: Int, _ outputs: Int, using random: inout RandomStream) {
    weight = Weight([outputs, inputs], fan: inputs, using: &random)
    bias = Weight([outputs], decays: false) { 0 }
  }

  mutating func forward(_ x: Batch, training: Bool) -> Batch {
    self.x = x
    var y = Batch(x.count, 1, 1, bias.value.count)
    for (n, k) in pairs(y) {
      y[n, 0, 0, k] = (0..<x.channels).reduce(bias.value[k]) {
        $0 + x[n, 0, 0, $1] * weight.value[k * x.channels + $1]
      }
    }
    return y
  }

  mutating func backward(_ gradient: Batch) -> Batch {
    var result = x.with([Double](repeating: 0, count: x.values.count))
    for (n, k) in pairs(gradient) {
      let slope = gradient[n, 0, 0, k]
      bias.gradient[k] += slope
      for d in 0..<x.channels {
        weight.gradient[k * x.channels + d] += slope * x[n, 0, 0, d]
        result[n, 0, 0, d] += slope * weight.value[k * x.channels + d]
      }
    }
    return result
  }

  private func pairs(_ y: Batch) -> [(Int, Int)] {
    (0..<y.count).flatMap { n in (0..<y.channels).map { (n, $0) } }
  }

  mutating func visit(_ body: (String, inout Weight, Bool) -> Void) {
    body("weight", &weight, true)
    body("bias", &bias, true)
  }
}

/// Layers one after the other, each by the name that its weights have.
struct Chain: Layer {
  var layers: [(name: String, layer: any Layer)]

  mutating func forward(_ x: Batch, training: Bool) -> Batch {
    layers.indices.reduce(x) { layers[$1].layer.forward($0, training: training) }
  }

  mutating func backward(_ gradient: Batch) -> Batch {
    layers.indices.reversed().reduce(gradient) { layers[$1].layer.backward($0) }
  }

  mutating func visit(_ body: (String, inout Weight, Bool) -> Void) {
    for index in layers.indices {
      let name = layers[index].name
      layers[index].layer.visit { body(name.isEmpty ? $0 : name + "." + $0, &$1, $2) }
    }
  }
}

/// relu(branch(x) + shortcut(x)); the shortcut is x itself where it has no layers.
struct ResidualLayer: Layer {
  var branch: Chain
  var shortcut: Chain
  private var end = ReLULayer()

  init(branch: Chain, shortcut: Chain) { (self.branch, self.shortcut) = (branch, shortcut) }

  mutating func forward(_ x: Batch, training: Bool) -> Batch {
    let (own, other) = (
      branch.forward(x, training: training), shortcut.forward(x, training: training)
    )
    return end.forward(own.with(zip(own.values, other.values).map(+)), training: training)
  }

  mutating func backward(_ gradient: Batch) -> Batch {
    let inner = end.backward(gradient)
    let (own, other) = (branch.backward(inner), shortcut.backward(inner))
    return own.with(zip(own.values, other.values).map(+))
  }

  mutating func visit(_ body: (String, inout Weight, Bool) -> Void) {
    branch.visit(body)
    shortcut.visit(body)
  }
}

extension Chain: Saved {
  var state: [String: Tensor] {
    var (copy, state) = (self, [String: Tensor]())
    copy.visit { name, weight, _ in
      state[name] = Tensor(shape: weight.shape, values: weight.value.map(Float.init))
    }
    return state
  }

  mutating func load(_ saved: [String: Tensor]) throws {
    try state.check(saved)
    visit { name, weight, _ in
      if let tensor = saved[name] { weight.value = tensor.values.map(Double.init) }
    }
  }
}

/// A stem, stages of two-convolution blocks, the mean over what is left (He and others 2016).
struct ReferenceEncoder: Encoder, @unchecked Sendable {
  let architecture: Architecture
  var chain: Chain

  var precision: Precision { .float32 }

  init(_ architecture: Architecture, seed: UInt64) {
    self.architecture = architecture
    var random = RandomStream(seed)
    chain = Chain(layers: [
      (
        "conv1",
        ConvolutionLayer(
          1, architecture.width, kernel: architecture.stemKernel, stride: architecture.stemStride,
          using: &random)
      ), ("bn1", NormalisationLayer(architecture.width)), ("", ReLULayer()),
    ])
    if architecture.stem != nil { chain.layers.append(("", LargestLayer())) }
    var inputs = architecture.width
    for (stage, count) in architecture.blocks.enumerated() {
      for place in 0..<count {
        let outputs = architecture.width << stage
        let block = Self.block(
          inputs, outputs, stride: stage > 0 && place == 0 ? 2 : 1, using: &random)
        chain.layers.append(("layer\(stage + 1).\(place)", block))
        inputs = outputs
      }
    }
    chain.layers.append(("", PoolLayer(hasLargest: architecture.pooling == .meanAndLargest)))
  }

  private static func block(
    _ inputs: Int, _ outputs: Int, stride: Int, using random: inout RandomStream
  ) -> ResidualLayer {
    func convolution(_ inputs: Int, _ kernel: Int, _ stride: Int) -> ConvolutionLayer {
      ConvolutionLayer(inputs, outputs, kernel: kernel, stride: stride, using: &random)
    }
    // The last γ is 0, so that a block begins as its shortcut (Goyal et al. 2017).
    let branch = Chain(layers: [
      ("conv1", convolution(inputs, 3, stride)), ("bn1", NormalisationLayer(outputs)),
      ("", ReLULayer()), ("conv2", convolution(outputs, 3, 1)),
      ("bn2", NormalisationLayer(outputs, weight: 0)),
    ])
    let isPlain = stride == 1 && inputs == outputs
    let shortcut = Chain(
      layers: isPlain
        ? []
        : [
          ("downsample.0", convolution(inputs, 1, stride)),
          ("downsample.1", NormalisationLayer(outputs)),
        ])
    return ResidualLayer(branch: branch, shortcut: shortcut)
  }

  func embed(_ images: Tensor) -> Tensor {
    var chain = chain
    return chain.forward(Batch(images), training: false).tensor
  }

  mutating func adapt(to images: Tensor) -> Tensor {
    chain.forward(Batch(images), training: true).tensor
  }

  func untrained(seed: UInt64) -> any Encoder { ReferenceEncoder(architecture, seed: seed) }

  func network(head: HeadShape, seed: UInt64, optimiser: Optimiser) -> any Network {
    ReferenceNetwork(self, head: head, seed: seed, optimiser: optimiser)
  }

  var state: [String: Tensor] { chain.state }

  mutating func load(_ state: [String: Tensor]) throws { try chain.load(state) }
}

/// An encoder, a head over it, and what the optimiser remembers.
struct ReferenceNetwork: Network, @unchecked Sendable {
  private var body: ReferenceEncoder
  private var head: Chain
  private let optimiser: Optimiser
  private var memory: [String: Tensor] = [:]

  init(_ encoder: ReferenceEncoder, head: HeadShape, seed: UInt64, optimiser: Optimiser) {
    (body, self.optimiser) = (encoder, optimiser)
    var random = RandomStream(seed)
    self.head = Chain(layers: [])
    var inputs = encoder.architecture.embeddingDimension
    for (index, outputs) in head.widths.enumerated() {
      let number = index * (head.isNormalised ? 3 : 2)
      self.head.layers.append(("\(number)", LinearLayer(inputs, outputs, using: &random)))
      inputs = outputs
      guard index + 1 < head.widths.count else { break }
      if head.isNormalised {
        self.head.layers.append(("\(number + 1)", NormalisationLayer(outputs)))
      }
      self.head.layers.append(("", ReLULayer()))
    }
  }

  var encoder: any Encoder { body }

  func judge(_ embeddings: Tensor) -> Tensor {
    var head = head
    return head.forward(Batch(embeddings), training: false).tensor
  }

  mutating func setHead(weights: Tensor, biases: Tensor) {
    var random = RandomStream(0)
    var layer = LinearLayer(weights.columns, weights.rows, using: &random)
    layer.weight.value = weights.values.map(Double.init)
    layer.bias.value = biases.values.map(Double.init)
    head = Chain(layers: [("0", layer)])
  }

  /// It learns alone: what several ranks do as one, others are held against it.
  mutating func learn(
    from images: Tensor, under loss: any Loss, rate: Float, among ranks: any Ranks
  ) -> Float {
    precondition(ranks.count == 1, "the reference engine learns alone")
    var whole = Chain(layers: [("encoder", body.chain), ("head", head)])
    let outputs = whole.forward(Batch(images), training: true)
    let (value, gradient) = loss(outputs.tensor)
    _ = whole.backward(Batch(gradient))
    let count = (memory["steps"]?.values.first ?? 0) + 1
    if optimiser.rule == .adam { memory["steps"] = Tensor([1], repeating: count) }
    whole.visit { name, weight, learns in
      if learns { move(name, &weight, rate: Double(rate), step: Double(count)) }
      weight.gradient = weight.gradient.map { _ in 0 }
    }
    if let chain = whole.layers[0].layer as? Chain { body.chain = chain }
    if let chain = whole.layers[1].layer as? Chain { head = chain }
    return value
  }

  /// The formulas of `Optimiser.Rule`.
  private mutating func move(_ name: String, _ w: inout Weight, rate: Double, step: Double) {
    let decay = w.decays ? Double(optimiser.weightDecay) : 0
    let slope = zip(w.gradient, w.value).map { $0 + decay * $1 }
    switch optimiser.rule {
    case .sgd(let momentum):
      let v = remember("momentum." + name, w) { Double(momentum) * $0 + slope[$1] }
      for i in v.indices { w.value[i] -= rate * v[i] }
    case .lars(let momentum, let trust):
      func length(_ values: [Double]) -> Double {
        values.reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
      let (own, gradient) = (length(w.value), length(w.gradient))
      let adapts = w.decays && own > 0 && gradient > 0
      let local = rate * (adapts ? Double(trust) * own / (gradient + decay * own) : 1)
      let v = remember("momentum." + name, w) { Double(momentum) * $0 + local * slope[$1] }
      for i in v.indices { w.value[i] -= v[i] }
    case .adam:
      let (g, b1, b2) = (w.gradient, 0.9, 0.999)
      let first = remember("first." + name, w) { b1 * $0 + (1 - b1) * g[$1] }
      let second = remember("second." + name, w) { b2 * $0 + (1 - b2) * g[$1] * g[$1] }
      let (c1, c2) = (power(b1, step), power(b2, step))
      for i in first.indices {
        let size = (second[i] / (1 - c2)).squareRoot() + 1e-8
        w.value[i] -= rate * (first[i] / (1 - c1) / size + decay * w.value[i])
      }
    }
  }

  private func power(_ base: Double, _ count: Double) -> Double {
    (0..<Int(count)).reduce(1) { result, _ in result * base }
  }

  /// Changes a remembered tensor, 0 at first.
  private mutating func remember(
    _ name: String, _ like: Weight, _ change: (_ before: Double, _ place: Int) -> Double
  ) -> [Double] {
    let before = memory[name]?.values.map(Double.init) ?? like.value.map { _ in 0 }
    let after = before.indices.map { change(before[$0], $0) }
    memory[name] = Tensor(shape: like.shape, values: after.map(Float.init))
    return after
  }

  var weights: [String: Tensor] {
    body.state.prefixed("encoder.").merging(head.state.prefixed("head.")) { first, _ in first }
  }

  var state: [String: Tensor] {
    weights.merging(memory.prefixed("optimiser.")) { first, _ in first }
  }

  mutating func load(_ state: [String: Tensor]) throws {
    try body.load(state.part("encoder."))
    try head.load(state.part("head."))
    memory = state.part("optimiser.")
  }
}
