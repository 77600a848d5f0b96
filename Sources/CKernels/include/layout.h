// A layout in two dimensions whose neighbours are those of a graph.
#ifndef REBER_LAYOUT_H
#define REBER_LAYOUT_H

#include <stdint.h>

// Moves points so that those with an edge come near each other and others do not: stochastic gradient descent on
// the cross entropy of UMAP (McInnes, Healy & Melville 2018, arXiv:1802.03426, section 3.2 and Algorithm 5), with
// its curve 1 / (1 + a d^(2b)) for a least distance of 0.1.
//
// places: x and y of each point, changed in place. edges: the two points of each edge. weights: in (0, 1], 1 for an
// edge that is drawn in every epoch. For each drawn edge `negatives` random points are pushed away. The same seed
// gives the same layout.
void reber_layout(
  float *places, int points, const int32_t *edges, const float *weights, int count, int epochs, int negatives,
  uint64_t seed);

#endif
