"use strict";
// Every text from the hub goes through textContent or an attribute setter, never through markup.

const SVG = "http://www.w3.org/2000/svg";
const PAGE_SIZE = 24;
const state = { key: "", project: null, page: 1, total: 0 };

const byId = (id) => document.getElementById(id);

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function drawn(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

function notice(text, bad = false) {
  byId("notice").textContent = text;
  byId("notice").classList.toggle("bad", bad);
}

// A GET, or with something to send a POST.
async function ask(path, sent) {
  const post = sent === undefined ? {} : { method: "POST", body: JSON.stringify(sent) };
  const response = await fetch(path, { ...post, headers: { apikey: state.key } });
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.message || `HTTP ${response.status}`), { status: response.status });
  return body.data;
}

// Runs a click's or a submission's work and shows what went wrong, if it did.
async function attempt(work) {
  notice("Loading ...");
  try {
    await work();
    notice("");
  } catch (error) {
    notice(error.message, true);
  }
}

const number = (value) => (Number.isFinite(value) ? Math.round(value * 100) / 100 : 0);
const color = (tool) => (/^#[0-9a-f]{6}$/i.test(tool?.color ?? "") ? tool.color : "#888888");

function ringPath(ring) {
  return Array.isArray(ring) && ring.length ? `M${ring.map((p) => `${number(p?.[0])} ${number(p?.[1])}`).join("L")}Z` : "";
}

// All rings of an object; holes are left open by the even-odd rule, zone by zone.
function zonesOf(object) {
  if (Array.isArray(object.polygon)) return [[object.polygon]];
  const zones = object.segmentation?.zones;
  return Array.isArray(zones) ? zones.map((zone) => [zone.region, ...(zone.holes ?? [])]) : [];
}

function objectShape(object, tool) {
  const look = { fill: color(tool), "fill-opacity": 0.5, stroke: color(tool), "stroke-width": 1, "vector-effect": "non-scaling-stroke" };
  const shapes = zonesOf(object).map((rings) => drawn("path", { ...look, "fill-rule": "evenodd", d: rings.map(ringPath).join("") }));
  const box = object["bounding-box"];
  if (box) {
    const [x, y, width, height] = ["x", "y", "width", "height"].map((key) => number(box[key]));
    const corner = { x: Math.min(x, x + width), y: Math.min(y, y + height) };
    shapes.push(drawn("rect", { ...look, ...corner, width: Math.abs(width), height: Math.abs(height) }));
  }
  const title = drawn("title", {});
  title.textContent = `${tool?.title ?? object.title ?? object.schemaId} (${object.objectId})`;
  return drawn("g", {}, title, ...shapes);
}

function extent(objects, metadata) {
  if (metadata?.width > 0 && metadata?.height > 0) return [number(metadata.width), number(metadata.height)];
  let [width, height] = [1, 1];
  const grow = (x, y) => { width = Math.max(width, number(x)); height = Math.max(height, number(y)); };
  for (const object of objects) {
    for (const ring of zonesOf(object).flat()) for (const point of ring ?? []) grow(point?.[0], point?.[1]);
    const box = object["bounding-box"];
    if (box) { grow(box.x, box.y); grow(box.x + box.width, box.y + box.height); }
  }
  return [width, height];
}

function picture(task, asset, tools) {
  const objects = task.answer.tools;
  const [width, height] = extent(objects, asset?.metadata);
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `labels of ${task.externalId}` });
  const url = asset?.data ?? "";
  // Only the hub's own files are fetched: looking at labels tells no other host anything.
  if (url.startsWith(`${location.origin}/files/`)) svg.append(drawn("image", { href: url, width, height, preserveAspectRatio: "none" }));
  svg.append(...objects.map((object) => objectShape(object, tools.get(object.schemaId))));
  return svg;
}

function answerText(given, classification) {
  const values = new Map((classification?.options ?? []).map((option) => [option.schemaId, option.value]));
  const named = (answer) => values.get(answer) ?? (typeof answer === "string" ? answer : JSON.stringify(answer));
  return Array.isArray(given.answer) ? given.answer.map(named).join(", ") : named(given.answer);
}

function nestedBySchemaId(entries, found = new Map()) {
  for (const entry of entries ?? []) {
    found.set(entry.schemaId, entry);
    nestedBySchemaId(entry.classifications, found);
  }
  return found;
}

function card(task, asset, tools, classifications) {
  const list = element("dl");
  for (const given of task.answer.classifications) {
    const classification = classifications.get(given.schemaId);
    list.append(element("dt", classification?.title ?? given.schemaId), element("dd", answerText(given, classification)));
  }
  const zones = task.answer.tools.reduce((sum, object) => sum + zonesOf(object).length, 0);
  const facts = `${task.stage} · ${task.answer.tools.length} objects, ${zones} zones · ${task.isPreLabeled ? "pre-labelled" : "not labelled"}`;
  const parts = [element("h3", task.externalId), element("p", facts)];
  parts[1].className = "small";
  if (task.answer.tools.length || asset?.metadata?.width) parts.push(picture(task, asset, tools));
  return element("article", "", ...parts, list);
}

function legendEntry(tool) {
  const square = drawn("svg", { class: "swatch", viewBox: "0 0 1 1" }, drawn("rect", { width: 1, height: 1, fill: color(tool) }));
  return element("li", "", square, tool.title);
}

// Assets and tasks are listed in the same order, so without a search one page of assets serves a page of tasks.
async function assetsOf(tasks) {
  const path = `/v2/project/${state.project._id}/assets`;
  const { assets } = await ask(`${path}?page=${state.page}&limit=${PAGE_SIZE}`);
  const found = new Map(assets.map((asset) => [asset._id, asset]));
  const missing = tasks.map((task) => task.asset._id ?? task.asset).filter((id) => !found.has(id));
  await Promise.all(missing.map(async (id) => {
    const filters = encodeURIComponent(JSON.stringify({ _id: id }));
    found.set(id, (await ask(`${path}?limit=1&filters=${filters}`)).assets[0]);
  }));
  return found;
}

async function showTasks() {
  const query = new URLSearchParams({ page: state.page, limit: PAGE_SIZE, includeAnswer: "true" });
  const wanted = byId("search").value;
  const literal = wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (wanted) query.set("filter", JSON.stringify({ externalId: { $regex: literal } }));
  const { tasks, total } = await ask(`/v2/project/${state.project._id}/tasks?${query}`);
  const assets = await assetsOf(tasks);
  const schema = state.project.categorySchema;
  const tools = new Map(schema.tools.map((tool) => [tool.schemaId, tool]));
  const classifications = nestedBySchemaId(schema.classifications);
  byId("tasks").replaceChildren(...tasks.map((task) => card(task, assets.get(task.asset._id ?? task.asset), tools, classifications)));
  state.total = total;
  const first = total ? (state.page - 1) * PAGE_SIZE + 1 : 0;
  byId("position").textContent = `${first} to ${first ? first + tasks.length - 1 : 0} of ${total}`;
  byId("previous").disabled = state.page === 1;
  byId("next").disabled = state.page * PAGE_SIZE >= total;
}

async function showProject(id) {
  state.project = (await ask(`/v2/project/${id}`)).project;
  state.page = 1;
  byId("search").value = "";
  byId("project").hidden = false;
  byId("project-name").textContent = state.project.name;
  byId("project-facts").textContent = `${state.project.assetCount} assets · ${state.project._id}`;
  byId("legend").replaceChildren(...state.project.categorySchema.tools.map(legendEntry));
  for (const button of byId("projects").querySelectorAll("button")) {
    if (button.value === id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  document.dispatchEvent(new Event("project-shown"));
  await showTasks();
}

async function showProjects() {
  const found = [];
  for (let page = 1, total = 1; found.length < total; page += 1) {
    const list = await ask(`/v2/listProjects?limit=100&page=${page}`);
    found.push(...list.projects);
    total = list.projects.length ? list.total : 0;
  }
  byId("projects").replaceChildren(...found.map((project) => {
    const button = element("button", project.name);
    button.value = project._id;
    button.addEventListener("click", () => attempt(() => showProject(project._id)));
    return element("li", "", button);
  }));
  if (found.length) await showProject(found[0]._id);
}

function turn(step) {
  state.page += step;
  attempt(showTasks);
}

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  state.key = byId("key").value;
  attempt(showProjects);
});
byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  state.page = 1;
  attempt(showTasks);
});
byId("previous").addEventListener("click", () => turn(-1));
byId("next").addEventListener("click", () => turn(1));

// The part after # stays in the browser: the key is in no request line and in no log.
function openWithKeyFromAddress() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return;
  byId("key").value = key;
  state.key = key;
  attempt(showProjects);
}
window.addEventListener("hashchange", openWithKeyFromAddress);
openWithKeyFromAddress();
