// The embeddings as points on a canvas: written into its pixels, so that a million are drawn within a frame or two.

const canvas = document.getElementById("map");
const context = canvas.getContext("2d", { alpha: false });
const here = document.getElementById("here");
const lasso = document.getElementById("lasso");
const background = [13, 17, 23];
const colours = new Map([...document.querySelectorAll(".legend .swatch")].map((swatch) => [
  Number(swatch.previousElementSibling.value),
  getComputedStyle(swatch).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number),
]));
// On the dark map dark colours are lightened, in their hue.
for (const [id, colour] of colours) {
  const light = (0.21 * colour[0] + 0.72 * colour[1] + 0.07 * colour[2]) / 255;
  const white = Math.max(0, (0.35 - light) / (1 - light));
  colours.set(id, colour.map((part) => part + (255 - part) * white));
}
const data = new DataView(await (await fetch(canvas.dataset.points)).arrayBuffer());
const count = data.byteLength / 16;
const xs = new Int16Array(count), ys = new Int16Array(count), sources = new Array(count);
const classes = { label: new Int16Array(count), prediction: new Int16Array(count) };
for (let index = 0; index < count; index++) {
  const at = 16 * index;
  xs[index] = data.getInt16(at, true);
  ys[index] = data.getInt16(at + 2, true);
  classes.label[index] = data.getInt16(at + 4, true);
  classes.prediction[index] = data.getInt16(at + 6, true);
  sources[index] = data.getBigInt64(at + 8, true);
}
const start = new URLSearchParams(location.search);
const view = {
  x: Number(start.get("x") ?? 0), y: Number(start.get("y") ?? 0), zoom: Number(start.get("zoom") ?? 1),
};
let chosen = -1;
let line = []; // of the lasso, in the map's own units
let isDue = false;

const scale = () => (Math.min(canvas.width, canvas.height) / 20800) * view.zoom;
const screenX = (x) => canvas.width / 2 + (x - view.x) * scale();
const screenY = (y) => canvas.height / 2 - (y - view.y) * scale();
const mapped = ([x, y]) => [
  view.x + (x - canvas.width / 2) / scale(), view.y + (canvas.height / 2 - y) / scale(),
];

// Few points are large and opaque; of many each is small and lets others shine through.
function look() {
  const shown = count / (view.zoom * view.zoom);
  const size = Math.max(1, Math.min(9, Math.round(devicePixelRatio * 60 / Math.pow(Math.max(shown, 40), 0.4))));
  return { size, share: shown > 200000 ? 0.35 : shown > 20000 ? 0.6 : 0.95 };
}

function draw() {
  isDue = false;
  const { width, height } = canvas;
  const image = context.createImageData(width, height);
  const pixels = image.data;
  for (let place = 0; place < pixels.length; place += 4) {
    [pixels[place], pixels[place + 1], pixels[place + 2]] = background;
    pixels[place + 3] = 255;
  }
  const by = classes[document.querySelector("[name=by]:checked").value];
  const shown = new Set([...document.querySelectorAll("[name=class]:checked")].map((box) => Number(box.value)));
  const { size, share } = look();
  const half = size >> 1, factor = scale();
  const put = (index, [red, green, blue]) => {
    const left = Math.round(width / 2 + (xs[index] - view.x) * factor) - half;
    const top = Math.round(height / 2 - (ys[index] - view.y) * factor) - half;
    if (left < 0 || top < 0 || left + size > width || top + size > height) return;
    for (let row = top; row < top + size; row++) {
      for (let place = 4 * (row * width + left); place < 4 * (row * width + left + size); place += 4) {
        pixels[place] += (red - pixels[place]) * share;
        pixels[place + 1] += (green - pixels[place + 1]) * share;
        pixels[place + 2] += (blue - pixels[place + 2]) * share;
      }
    }
  };
  // Sources without a class lie below the others.
  for (const isBelow of [true, false]) {
    for (let index = 0; index < count; index++) {
      const id = by[index];
      if ((id < 0) === isBelow && shown.has(id)) put(index, colours.get(id) ?? colours.get(-1));
    }
  }
  context.putImageData(image, 0, 0);
  context.strokeStyle = "#ffc857";
  context.lineWidth = 2 * devicePixelRatio;
  if (chosen >= 0) context.strokeRect(screenX(xs[chosen]) - 7, screenY(ys[chosen]) - 7, 14, 14);
  if (line.length) {
    context.beginPath();
    for (const [x, y] of line) context.lineTo(screenX(x), screenY(y));
    context.closePath();
    context.stroke();
  }
}

function redraw() {
  if (!isDue) requestAnimationFrame(draw);
  isDue = true;
}

function resize() {
  canvas.width = canvas.clientWidth * devicePixelRatio;
  canvas.height = canvas.clientHeight * devicePixelRatio;
  redraw();
}

// The view stands in the address, so that it can be shared.
let remembering;
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const query = new URLSearchParams({ x: Math.round(view.x), y: Math.round(view.y), zoom: view.zoom.toFixed(2) });
    history.replaceState(null, "", `?${query}`);
  }, 300);
}

function zoom(factor, at = [canvas.width / 2, canvas.height / 2]) {
  const before = [(at[0] - canvas.width / 2) / scale(), (canvas.height / 2 - at[1]) / scale()];
  view.zoom = Math.min(200, Math.max(0.5, view.zoom * factor));
  view.x += before[0] - (at[0] - canvas.width / 2) / scale();
  view.y += before[1] - (canvas.height / 2 - at[1]) / scale();
  redraw();
  remember();
}

const position = (event) => [event.offsetX * devicePixelRatio, event.offsetY * devicePixelRatio];

function nearest([x, y]) {
  const shown = new Set([...document.querySelectorAll("[name=class]:checked")].map((box) => Number(box.value)));
  const by = classes[document.querySelector("[name=by]:checked").value];
  const [mapX, mapY] = mapped([x, y]);
  let least = (15 * devicePixelRatio / scale()) ** 2, found = -1;
  for (let index = 0; index < count; index++) {
    const distance = (xs[index] - mapX) ** 2 + (ys[index] - mapY) ** 2;
    if (distance < least && shown.has(by[index])) [least, found] = [distance, index];
  }
  return found;
}

// Shows a source beside the map.
function show(index) {
  if (index === chosen) return;
  chosen = index;
  redraw();
  here.replaceChildren();
  if (index < 0) return;
  const link = document.createElement("a");
  link.href = `${canvas.dataset.base}/source-by-number/${sources[index]}`;
  const picture = new Image(160, 160);
  picture.src = `${canvas.dataset.base}/thumbnails/${sources[index]}`;
  picture.alt = `source ${sources[index]}`;
  link.append(picture);
  here.append(link);
}

function finish() {
  const corners = line.filter((_, place) => place % Math.ceil(line.length / 200) === 0);
  setDrawing(false);
  if (corners.length < 3) {
    line = [];
    return redraw();
  }
  const polygon = corners.flatMap(([x, y]) => [Math.round(x), Math.round(y)]).join(",");
  const hidden = [...document.querySelectorAll("[name=class]:not(:checked)")].map((box) => box.value).join(",");
  const by = document.querySelector("[name=by]:checked").value;
  location.href = `${canvas.dataset.selection}&polygon=${polygon}&by=${by}&hidden=${hidden}`;
}

function setDrawing(is) {
  lasso.ariaPressed = String(is);
}
lasso.addEventListener("click", () => setDrawing(lasso.ariaPressed !== "true"));

let grip, resting;
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  const isLine = lasso.ariaPressed === "true" || event.shiftKey;
  line = isLine ? [mapped(position(event))] : [];
  grip = { at: position(event), x: view.x, y: view.y, moved: false, isLine };
});
canvas.addEventListener("pointermove", (event) => {
  if (!grip) {
    clearTimeout(resting);
    resting = setTimeout(() => show(nearest(position(event))), 60);
    return;
  }
  const [x, y] = position(event);
  grip.moved ||= Math.hypot(x - grip.at[0], y - grip.at[1]) > 4;
  if (grip.isLine) {
    line.push(mapped([x, y]));
  } else {
    view.x = grip.x - (x - grip.at[0]) / scale();
    view.y = grip.y + (y - grip.at[1]) / scale();
  }
  redraw();
});
canvas.addEventListener("pointerup", (event) => {
  const { isLine, moved } = grip ?? {};
  grip = undefined;
  if (isLine) return finish();
  if (moved) return remember();
  show(nearest(position(event)));
  if (chosen >= 0) location.href = `${canvas.dataset.base}/source-by-number/${sources[chosen]}`;
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 400), position(event));
}, { passive: false });
addEventListener("keydown", (event) => {
  const pan = 0.1 * Math.min(canvas.width, canvas.height) / scale();
  const actions = {
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5),
    0: () => { Object.assign(view, { x: 0, y: 0, zoom: 1 }); remember(); },
    ArrowLeft: () => { view.x -= pan; }, ArrowRight: () => { view.x += pan; },
    ArrowUp: () => { view.y += pan; }, ArrowDown: () => { view.y -= pan; },
    Escape: () => { line = []; setDrawing(false); },
  };
  if (event.target === canvas && event.key === "Enter") return show(nearest([canvas.width / 2, canvas.height / 2]));
  if (!actions[event.key] || event.ctrlKey || event.metaKey || event.target.matches("input")) return;
  event.preventDefault();
  actions[event.key]();
  redraw();
});
for (const input of document.querySelectorAll(".mapped input")) input.addEventListener("change", redraw);
addEventListener("resize", resize);
resize();
document.documentElement.dataset.mapped = count;
