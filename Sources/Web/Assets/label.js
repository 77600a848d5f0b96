// Keys for everything on the page, and forms that show the next page before the server has answered.
// Without this script all links and buttons work as they are.

const pages = new Map(); // address → promise of a page, fetched before it is asked for
let sending = Promise.resolve(); // forms go out one after another

const say = (text, isBad = false) => {
  const line = document.getElementById("said");
  line.textContent = text;
  line.classList.toggle("bad", isBad);
};

async function load(address) {
  const response = await fetch(address, { headers: { "X-Prefetch": "1" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!response.ok) throw new Error(page.getElementById("problem")?.textContent ?? response.status);
  // The pictures come along, so that they are there when the page is shown.
  await Promise.all([...page.querySelectorAll("main img")].map((image) => {
    const picture = new Image();
    picture.src = image.getAttribute("src");
    return picture.decode().catch(() => undefined);
  }));
  return { page, address: response.redirected ? response.url : address };
}

function prefetch(address) {
  if (!pages.has(address)) pages.set(address, load(address));
  return pages.get(address);
}

async function show(address, { remember = true } = {}) {
  const started = performance.now();
  const { page, address: reached } = await prefetch(address);
  document.getElementById("main").replaceWith(document.adoptNode(page.getElementById("main")));
  document.title = page.title;
  if (remember) history.pushState(null, "", reached);
  document.documentElement.dataset.shownIn = (performance.now() - started).toFixed(1);
  pages.clear();
  document.getElementById("main").focus({ preventScroll: true });
  take(document.querySelector("main [data-lease]"));
  lookAhead();
}

// A page that was fetched ahead is the annotator's once it is shown; where another was faster, there is another one.
function take(form) {
  if (!form) return;
  const fields = new URLSearchParams({ csrf: form.elements.csrf.value });
  const taken = sending.then(() => post(form.dataset.lease, fields));
  sending = taken.catch(() => undefined);
  taken.then(async ({ next, said }) => {
    if (!said || !form.isConnected || form.querySelector("[role=status]")) return;
    await show(next);
    say(said);
  }).catch(() => undefined);
}

// What the keys of this page lead to.
function lookAhead() {
  const next = document.querySelectorAll("main [data-next], main a[data-prefetch]");
  for (const address of new Set([...next].map((item) => item.dataset.next ?? item.getAttribute("href")))) {
    prefetch(address).catch(() => pages.delete(address));
  }
}

async function post(address, fields) {
  const response = await fetch(address, {
    method: "POST", body: fields, headers: { Accept: "application/json" },
  });
  if (response.ok) return response.json();
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  throw new Error(page.getElementById("problem")?.textContent ?? `error ${response.status}`);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!("fast" in form.dataset)) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, button));
  const hasOut = fields.has("out");
  // What was fetched ahead does not know that others get a label along with this one.
  const next = fields.has("together") ? undefined : (hasOut && button.dataset.nextOut) || button.dataset.next;
  const here = location.href;
  const action = button.getAttribute("formaction") ?? form.getAttribute("action");
  const answer = sending.then(() => post(action, fields));
  sending = answer.catch(() => undefined);
  try {
    if (next) await show(next);
    const { next: given, said } = await answer;
    say(said);
    if (!next) {
      pages.clear();
      await show(given);
    }
  } catch (error) {
    say(`Not saved: ${error.message}`, true);
    pages.clear();
    if (location.href !== here) await show(here);
  }
});

const names = { PageUp: "pageup", PageDown: "pagedown", Backspace: "backspace", Enter: "enter" };

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches("input:not([type=checkbox], [type=radio]), select, textarea")) return;
  if (event.key === "Enter" && target.matches("a, button")) return;
  if (moveInMontage(event)) return;
  const key = names[event.key] ?? (event.key.length === 1 ? event.key.toLowerCase() : undefined);
  const item = key && document.querySelector(`main [data-key="${CSS.escape(key)}"]`);
  if (!item) return;
  event.preventDefault();
  item.click();
});

// Arrows move from source to source, Enter opens one.
function moveInMontage(event) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: "up", ArrowDown: "down" };
  const choice = document.querySelector("main .choice") ?? document.querySelector("main .montage");
  if (!choice) return false;
  const cells = [...choice.querySelectorAll("input, a")];
  const place = cells.indexOf(document.activeElement);
  if (event.key === "Enter" && place >= 0 && cells[place].dataset.href) {
    event.preventDefault();
    window.open(cells[place].dataset.href, "_blank", "noopener");
    return true;
  }
  let step = steps[event.key];
  if (!step || !cells.length) return false;
  if (step === "up") step = -choice.dataset.columns;
  if (step === "down") step = Number(choice.dataset.columns);
  event.preventDefault();
  cells[place < 0 ? 0 : Math.min(cells.length - 1, Math.max(0, place + step))].focus();
  return true;
}

// What was taken out on one page of a cluster stays out on the others.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("main a[data-keeps-out], main a[data-prefetch], main a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  let address = link.getAttribute("href");
  if ("keepsOut" in link.dataset) {
    const fields = new FormData(link.closest("form"));
    const out = fields.getAll("out");
    if (out.length) address += `&out=${out.join(",")}`;
    if (fields.has("together")) address += "&together=1";
  }
  await show(address).catch((error) => say(error.message, true));
});

document.addEventListener("change", (event) => {
  const out = document.querySelector("main [data-next-out]");
  if (out && event.target.name === "out") prefetch(out.dataset.nextOut).catch(() => undefined);
  if (event.target.closest(".looks") && event.target.matches("select")) event.target.form.requestSubmit();
});

// What goes on is looked at again, while it does and somebody looks.
async function refresh() {
  const state = document.querySelector("main [data-refresh]");
  setTimeout(refresh, 1000 * (state?.dataset.refresh ?? 3));
  if (!state || document.hidden || state.contains(document.activeElement)) return;
  const response = await fetch(location.href, { headers: { "X-Prefetch": "1" } }).catch(() => undefined);
  if (!response?.ok || !state.isConnected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const now = page.getElementById(state.id);
  if (now && state.isConnected && now.innerHTML !== state.innerHTML) state.replaceWith(document.adoptNode(now));
}
setTimeout(refresh, 3000);

addEventListener("popstate", () => show(location.href, { remember: false }).catch(() => location.reload()));
lookAhead();
