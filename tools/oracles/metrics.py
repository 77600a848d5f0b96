"""Golden values for Tests/TensorTests and Tests/MorphologyTests, by numpy, scikit-learn and scipy.

Run: python3 tools/oracles/metrics.py      (numpy 2, scikit-learn 1.x, scipy 1.x)
"""
import numpy as np
from scipy.cluster.hierarchy import linkage
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import (accuracy_score, brier_score_loss, confusion_matrix, log_loss,
                             precision_recall_fscore_support)
from sklearn.neighbors import NearestNeighbors


def points(n, d):
    """The cloud that the Swift tests make: three loose groups."""
    i = np.arange(n)[:, None].astype(np.float64)
    j = np.arange(d)[None, :].astype(np.float64)
    wobble = np.sin(1.3 * i + 0.7 * i * j + 0.11 * j * j)
    group = np.arange(n)[:, None] % 3
    return (wobble * (1 + 0.1 * j) + 2.0 * (group == j % 3)).astype(np.float32)


def show(name, values):
    print(name, np.array2string(np.asarray(values), precision=7, separator=", ",
                                max_line_width=100, floatmode="maxprec"))


x = points(60, 8)
pca = PCA(3, svd_solver="full").fit(x.astype(np.float64))
show("pca variances", pca.explained_variance_)
show("pca ratios", pca.explained_variance_ratio_)
first = pca.components_[0]
show("pca first", first * np.sign(first[np.argmax(np.abs(first))]))

distances, indices = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(x).kneighbors(x[:3])
show("knn indices", indices)
show("knn distances", distances)

lloyd = KMeans(3, init=x[[0, 1, 2]], n_init=1, max_iter=100, tol=0, algorithm="lloyd").fit(x)
show("lloyd inertia", lloyd.inertia_)
show("lloyd sizes", np.bincount(lloyd.labels_))
show("best inertia 6", KMeans(6, n_init=200, random_state=0, tol=0).fit(x).inertia_)

show("ward heights", linkage(x[:8].astype(np.float64), "ward")[:, 2])
show("ward sizes", linkage(x[:8].astype(np.float64), "ward")[:, 3])

n, c = 90, 4
i = np.arange(n)
truth = (i * i + i // 7) % 3                      # class 3 never occurs in truth
raw = np.exp(1.5 * np.sin(0.9 * i[:, None] + 2.1 * np.arange(c)) +
             1.2 * (truth[:, None] == np.arange(c)) - 1.5 * (np.arange(c) == 3))
p = (raw / raw.sum(1, keepdims=True)).astype(np.float32)
predicted = p.argmax(1)
show("confusion", confusion_matrix(truth, predicted, labels=range(c)).ravel())
precision, recall, f1, _ = precision_recall_fscore_support(
    truth, predicted, labels=range(c), zero_division=0)
show("precision", precision)
show("recall", recall)
show("f1", f1)
show("accuracy", accuracy_score(truth, predicted))
seen = sorted(set(truth) | set(predicted))
show("macro", precision_recall_fscore_support(
    truth, predicted, labels=seen, average="macro", zero_division=0)[:3])
p64 = p.astype(np.float64)
show("log loss", -np.mean(np.log(p64[i, truth])))
show("brier", np.mean(((p64 - np.eye(c)[truth]) ** 2).sum(1)))
confidence = p64.max(1)
bins = np.minimum(np.ceil(confidence * 10).astype(int) - 1, 9)
gap = [abs(confidence[bins == b].mean() - (predicted == truth)[bins == b].mean())
       * (bins == b).mean() for b in range(10) if (bins == b).any()]
show("ece", sum(gap))
