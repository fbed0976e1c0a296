"use strict";
// The panel that runs the plugin on the project shown, with what page.js has: byId, element, ask, attempt, state, showTasks.

const LOOK_MS = 1000;
const watched = { session: "", isRunning: false, lineCount: 0 };

function base64Of(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.split(",")[1] ?? ""));
    reader.addEventListener("error", () => reject(new Error(`cannot read ${file.name}: ${reader.error.message}`)));
    reader.readAsDataURL(file);
  });
}

// Only what changes is set: what is set is read out by screen readers.
function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function showConnection(plugin) {
  const isThere = plugin.url !== "" || plugin.n_connected > 0;
  const other = plugin.n_refused ? "A plugin with another id or secret is connected. " : "";
  const missing = `The plugin is not connected. ${other}Start it with:`;
  const place = plugin.url ? `The plugin is called at ${plugin.url}.` : `The plugin is connected (${plugin.n_connected}).`;
  setText("plugin-connection", isThere ? place : missing);
  setText("plugin-command", plugin.command);
  byId("plugin-command").hidden = isThere;
}

function logLine(line) {
  const entry = element("div", `${line.time.slice(11, 19)} ${line.level} ${line.msg}`);
  entry.classList.toggle("bad", ["ERROR", "CRITICAL"].includes(line.level));
  return entry;
}

function showSession(session) {
  const list = byId("plugin-log");
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(...session.lines.map(logLine));
  if (wasAtEnd) list.scrollTop = list.scrollHeight;
  watched.lineCount = session.n_lines;
  setText("plugin-state", `${session.state} (session ${session.session})`);
  byId("plugin-state").classList.toggle("bad", session.state === "failed");
  setText("plugin-answer", session.response ?? session.reason);
}

async function watch(session, isRunning) {
  Object.assign(watched, { session, isRunning, lineCount: 0 });
  byId("plugin-session").hidden = session === "";
  for (const id of ["plugin-state", "plugin-log", "plugin-answer"]) byId(id).replaceChildren();
  if (session) await lookAtSession();
}

async function lookAtSession() {
  const { session: id, lineCount, isRunning: wasRunning } = watched;
  const session = await ask(`/plugin/sessions/${id}?after=${lineCount}`);
  // Another look may have been quicker, or another session may be shown by now.
  if (id !== watched.session || lineCount !== watched.lineCount) return;
  watched.isRunning = session.state === "running";
  showSession(session);
  if (wasRunning && !watched.isRunning) await showTasks();
}

async function look() {
  try {
    showConnection(await ask("/plugin"));
    if (watched.isRunning) await lookAtSession();
  } catch (error) {
    // A hub that was started again knows nothing of earlier sessions; one that is away may come back.
    if (error.status === 404) {
      watched.isRunning = false;
      setText("plugin-state", "forgotten: the hub was started again and knows nothing of this session; run it again");
    }
    setText("plugin-connection", error.status ? error.message : "The hub does not answer.");
  }
}

async function lookNowAndThen() {
  if (state.project && (byId("plugin-panel").open || watched.isRunning)) await look();
  setTimeout(lookNowAndThen, LOOK_MS);
}

async function run() {
  const [file] = byId("plugin-csv").files;
  const batches = byId("plugin-batches").value.split(",").map((name) => name.trim()).filter(Boolean);
  const asked = { projectId: state.project._id, configJSON: byId("plugin-config").value, batches };
  if (file) asked.inputFile = await base64Of(file);
  const { session } = await ask("/plugin/sessions", asked);
  await watch(session, true);
}

// What last ran on the project is shown again: it may have been started before the page was loaded.
async function showPanel() {
  const id = state.project._id;
  await watch("", false);
  const plugin = await ask("/plugin");
  if (id !== state.project._id) return;
  showConnection(plugin);
  const last = plugin.sessions.find((session) => session.project === id);
  if (!last) return;
  const isRunning = last.state === "running";
  if (isRunning) byId("plugin-panel").open = true;
  await watch(last.session, isRunning);
}

byId("plugin-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("plugin-run").disabled = true;
  await attempt(run);
  byId("plugin-run").disabled = false;
});
byId("plugin-panel").addEventListener("toggle", () => { if (byId("plugin-panel").open && state.project) attempt(look); });
document.addEventListener("project-shown", () => attempt(showPanel));
if (state.project) attempt(showPanel);
lookNowAndThen();
