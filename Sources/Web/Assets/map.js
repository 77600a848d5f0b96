// The embeddings as points on a canvas: tens of thousands stay smooth, since each frame only fills
// small squares, class by class.

const canvas = document.getElementById("map");
const context = canvas.getContext("2d", { alpha: false });
const here = document.getElementById("here");
const colours = [...document.querySelectorAll(".legend .swatch")].map((swatch) => [
  Number(swatch.previousElementSibling.value), getComputedStyle(swatch).backgroundColor,
]);
const points = await (await fetch(canvas.dataset.points)).json();
const start = new URLSearchParams(location.search);
const view = {
  x: Number(start.get("x") ?? 0), y: Number(start.get("y") ?? 0), zoom: Number(start.get("zoom") ?? 1),
};
let chosen = -1;
let isDue = false;

const scale = () => (Math.min(canvas.width, canvas.height) / 20800) * view.zoom;
const toScreen = ([x, y]) => [
  canvas.width / 2 + (x - view.x) * scale(), canvas.height / 2 - (y - view.y) * scale(),
];

function draw() {
  isDue = false;
  const by = Number(document.querySelector("[name=by]:checked").value);
  const shown = new Set([...document.querySelectorAll("[name=class]:checked")].map((box) => Number(box.value)));
  context.fillStyle = "#0d1117";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const size = Math.min(7, 1.6 * devicePixelRatio * Math.sqrt(view.zoom) + 0.6);
  // Sources without a class lie below the others.
  for (const [id, colour] of [...colours].reverse()) {
    if (!shown.has(id)) continue;
    context.fillStyle = colour;
    for (const point of points) {
      if (point[by] !== id) continue;
      const [x, y] = toScreen(point);
      if (x > -9 && y > -9 && x < canvas.width + 9 && y < canvas.height + 9) {
        context.fillRect(x - size / 2, y - size / 2, size, size);
      }
    }
  }
  if (chosen >= 0) {
    const [x, y] = toScreen(points[chosen]);
    context.strokeStyle = "#ffc857";
    context.lineWidth = 2 * devicePixelRatio;
    context.strokeRect(x - 7, y - 7, 14, 14);
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

async function choose(event) {
  const [x, y] = position(event);
  let nearest = 15 * devicePixelRatio;
  chosen = -1;
  points.forEach((point, index) => {
    const [px, py] = toScreen(point);
    const distance = Math.hypot(px - x, py - y);
    if (distance < nearest) [nearest, chosen] = [distance, index];
  });
  redraw();
  here.replaceChildren();
  if (chosen < 0) return;
  const address = `${canvas.dataset.base}/source-by-number/${points[chosen][4]}`;
  const response = await fetch(address);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const link = document.createElement("a");
  link.href = response.url;
  link.append(page.querySelector("h1").textContent);
  const picture = page.querySelector(".frame img");
  if (picture) link.append(document.adoptNode(picture));
  here.replaceChildren(link);
}

let grip;
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  grip = { at: position(event), x: view.x, y: view.y, moved: false };
});
canvas.addEventListener("pointermove", (event) => {
  if (!grip) return;
  const [x, y] = position(event);
  grip.moved ||= Math.hypot(x - grip.at[0], y - grip.at[1]) > 4;
  view.x = grip.x - (x - grip.at[0]) / scale();
  view.y = grip.y + (y - grip.at[1]) / scale();
  redraw();
});
canvas.addEventListener("pointerup", (event) => {
  if (grip && !grip.moved) choose(event);
  else remember();
  grip = undefined;
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
  };
  if (!actions[event.key] || event.ctrlKey || event.metaKey || event.target.matches("input")) return;
  event.preventDefault();
  actions[event.key]();
  redraw();
});
for (const input of document.querySelectorAll(".mapped input")) input.addEventListener("change", redraw);
addEventListener("resize", resize);
resize();
document.documentElement.dataset.mapped = points.length;
