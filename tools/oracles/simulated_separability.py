"""How well a plain baseline tells the classes of a simulated survey apart.

Usage: simulated_separability.py FOLDER, made by 'reber simulate --even --output FOLDER'.
Cutouts of 48x48 pixels are averaged 4x4, scaled to their maximum and square-rooted; 60 principal
components go to an RBF support vector machine; 5 folds. Done for 48 pixels of 1.5" and, averaged
to the same number, for 96. Needs numpy, astropy, scikit-learn.
"""

import sys

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def cutouts(folder, half):
    catalogue = fits.getdata(f"{folder}/simulated-catalogue.fits")
    for mosaic in np.unique(catalogue["mosaic"]):
        with fits.open(f"{folder}/images/simulated-{mosaic:05d}.fits") as file:
            image, wcs = file[0].data, WCS(file[0].header)
        rows = catalogue[catalogue["mosaic"] == mosaic]
        x, y = wcs.all_world2pix(rows["ra"], rows["dec"], 0)
        for column, row in zip(np.rint(x).astype(int), np.rint(y).astype(int)):
            yield image[row - half:row + half, column - half:column + half]


def main(folder):
    truth = fits.getdata(f"{folder}/simulated-truth.fits")["class"]
    truth = np.array([str(name).strip() for name in truth])
    for half in (24, 48):
        images = np.array(list(cutouts(folder, half)))
        step = half // 6
        images = images.reshape(len(images), 12, step, 12, step).mean(axis=(2, 4)).clip(min=0)
        images = np.sqrt(images / images.max(axis=(1, 2), keepdims=True)).reshape(len(images), -1)
        model = make_pipeline(PCA(60), StandardScaler(), SVC(C=5))
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        found = cross_val_predict(model, images, truth, cv=folds)
        print(f"{2 * half} px: accuracy {accuracy_score(truth, found):.3f}, "
              f"macro F1 {f1_score(truth, found, average='macro'):.3f}")
        print(np.unique(truth), confusion_matrix(truth, found), sep="\n")


main(sys.argv[1])
