// The page without reloads: controls, and news from the server, fetch the page anew and change only what differs.
"use strict";

const token = document.querySelector("meta[name=preview-token]").content;
const shownIn = new WeakMap(); // frame → the address it shows
const going = new WeakSet(); // frames on their way to another
let asked = 0;

// ---- showing a view

async function show(url, request) {
  const mine = ++asked;
  let page;
  try {
    const answer = await fetch(url, request);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return false; // the preview has ended; the live line says so
  }
  if (mine !== asked) return true; // somebody clicked again meanwhile
  if (page.querySelector("meta[name=preview-token]")?.content !== token) return location.assign(request ? location.href : url); // started anew
  if (!request) history.replaceState(null, "", url);
  document.title = page.title;
  const here = document.activeElement;
  for (const part of ["nav", "main", "aside"]) morph(document.querySelector(part), page.querySelector(part));
  if (here?.isConnected && here !== document.activeElement) here.focus({ preventScroll: true }); // a moved node loses it
  unveil();
  return true;
}

// Makes `old` as `fresh` is, keeping every node that can stay: focus, scrolling and the frame stay with them.
function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.id === "copy") return; // half an address may stand in it
  if (old.id === "mail") return turn(old, fresh.getAttribute("src"));
  if (old.nodeName !== "DETAILS") { // open or not is the person's choice
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  if (old.type === "checkbox") old.checked = fresh.hasAttribute("checked");
  if (old.nodeName === "TEXTAREA" && document.activeElement !== old) old.value = fresh.value;
  children(old, fresh);
}

// Nodes that have a name are known by it wherever they stand; the others by their place.
function children(old, fresh) {
  const named = new Map([...old.childNodes].filter(nameOf).map((node) => [nameOf(node), node]));
  const staying = new Set([...fresh.childNodes].map(nameOf));
  for (const [name, node] of named) if (!staying.has(name)) node.remove();
  let at = old.firstChild;
  for (const node of fresh.childNodes) {
    const name = nameOf(node);
    const alike = at && !nameOf(at) && at.nodeName === node.nodeName ? at : null;
    const same = name ? named.get(name) : alike;
    if (same && same === at) at = at.nextSibling;
    else old.insertBefore(same ?? document.importNode(node, true), at);
    if (same) morph(same, node);
  }
  while (at) [at] = [at.nextSibling, at.remove()];
}

function nameOf(node) {
  return node.dataset?.key ?? node.id ?? "";
}

// ---- the frame: nothing runs in it, so that this page may read how far it is scrolled, and change what stands in it

let turns = 0;

// Another mail: its content alone where the frame's policy stays, which takes a third of the time of a navigation.
async function turn(frame, address) {
  const old = shownAt(frame);
  if (old === address) return;
  const mine = ++turns;
  const top = issueOf(old) === issueOf(address) ? frame.contentWindow.scrollY : 0;
  if (going.has(frame) || queryOf(old).get("images") !== queryOf(address).get("images")) return go(frame, address, top);
  try {
    const answer = await fetch(address);
    const [mark, html] = [answer.headers.get("x-mail-mark"), await answer.text()];
    if (mine !== turns || !mark) return; // somebody went on meanwhile; or there is no mail any more
    const now = marked(address, mark);
    if (now === old) return;
    if (!fill(frame, html)) return go(frame, now, top);
    shownIn.set(frame, now);
    frame.contentWindow.scrollTo(0, top);
  } catch {
    // the preview has ended; the live line says so
  }
}

// Whether that could be made what the frame shows; parsed by the frame's own rules, under its own policy.
function fill(frame, html) {
  const inside = frame.contentDocument;
  if (!inside || inside.readyState === "loading" || inside.URL === "about:blank") return false;
  const fresh = new frame.contentWindow.DOMParser().parseFromString(html, "text/html");
  if (fresh.compatMode !== inside.compatMode) return false;
  inside.documentElement.replaceWith(inside.adoptNode(fresh.documentElement));
  return true;
}

function go(frame, address, top) {
  shownIn.set(frame, address);
  going.add(frame);
  const there = () => {
    going.delete(frame);
    frame.contentWindow.scrollTo(0, top);
  };
  frame.addEventListener("load", there, { once: true });
  frame.contentWindow.location.replace(address); // leaves no step in the history
}

function shownAt(frame) {
  return shownIn.get(frame) ?? frame.getAttribute("src");
}

function queryOf(address) {
  return new URLSearchParams(address.split("?")[1]);
}

// The address with the mark of the mail it gives; without one, of whatever mail it gives.
function marked(address, mark) {
  const bare = address.replace(/[?&]v=[^&]*$/, "");
  return mark ? `${bare}${bare.includes("?") ? "&" : "?"}v=${mark}` : bare;
}

function issueOf(address) {
  return queryOf(address).get("issue");
}

// ---- a test copy: the one thing here that sends, and only when a person says so

function unveil() { // without this script nothing could be sent
  const form = document.getElementById("copy");
  if (form) form.hidden = false;
}

async function copy(form) {
  const said = document.getElementById("copy-said");
  said.textContent = "Sending …";
  try {
    const headers = { "X-Preview-Token": token, "Content-Type": "text/plain" };
    const answer = await fetch(`/copy${location.search || "?"}${issueHere()}`, { method: "POST", headers, body: form.elements.to.value });
    said.textContent = (await answer.json()).said;
  } catch {
    said.textContent = "It was not sent: the preview did not answer.";
  }
}

function issueHere() { // the address may leave it out: the first of the list is meant then
  const link = document.querySelector("nav a[aria-current]")?.getAttribute("href") ?? "";
  return new URLSearchParams(location.search).has("issue") ? "" : `&issue=${encodeURIComponent(issueOf(link) ?? "")}`;
}

unveil();

// ---- editing: each act goes to the server, which shows the page as it is then; nothing is kept until it is saved

let acting = 0; // acts under way: their answers are the news they make

async function edit(form, fields, button) {
  const said = document.getElementById("said");
  const next = button && neighbour(button);
  const request = { method: "POST", headers: { "X-Preview-Token": token }, body: new URLSearchParams(fields) };
  acting += 1;
  const isShown = await show(form.getAttribute("action"), request);
  acting -= 1;
  if (isShown === false) said.textContent = "It was not done: the preview did not answer.";
  else if (button) refocus(button, next);
}

// Where the keyboard goes on: on the same button, else on another of its story, else on that of the story beside it.
function refocus(button, next) {
  const [act, key] = [button.value.split(" ")[0], storyOf(button.value)];
  const wanted = [button.value, ...["down", "up"].map((other) => `${other} ${key}`), `${act} ${next}`, `down ${next}`];
  const there = wanted.map((value) => document.querySelector(`#edit button[value="${CSS.escape(value)}"]`));
  const chosen = there.find((one) => one && !one.disabled) ?? document.getElementById("intro");
  chosen?.focus({ preventScroll: true });
  chosen?.closest("[data-key]")?.scrollIntoView({ block: "nearest" });
}

function neighbour(button) {
  const row = button.closest("[data-key]");
  return (row?.nextElementSibling ?? row?.previousElementSibling)?.dataset?.key;
}

function acts(form, words, more = {}) {
  const fields = new FormData(form);
  for (const name of [...fields.keys()]) if (name.startsWith("sentence ") && name !== `sentence ${storyOf(words)}`) fields.delete(name);
  fields.set("do", words);
  for (const [name, value] of Object.entries(more)) fields.set(name, value);
  return fields;
}

function storyOf(words) {
  return words.slice(words.indexOf(" ") + 1);
}

let typing;
document.addEventListener("input", (event) => {
  const field = event.target;
  clearTimeout(typing);
  if (field.id === "intro") typing = setTimeout(() => edit(field.form, acts(field.form, "intro")), 400);
  if (field.name?.startsWith("sentence ")) edit(field.form, acts(field.form, `sentences ${storyOf(field.name)}`));
});

// A row is dragged by its grip, so that its words can still be selected.
let dragged;
document.addEventListener("pointerdown", (event) => {
  const row = event.target.closest?.(".grip")?.closest("[data-key]");
  if (row) row.draggable = true;
});
document.addEventListener("pointerup", () => rows().forEach((row) => row.removeAttribute("draggable")));
document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("#rows > [data-key]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.key);
  dragged.classList.add("dragged");
});
document.addEventListener("dragover", (event) => {
  if (!dragged) return;
  const over = event.target.closest?.("#rows > [data-key]");
  if (!event.target.closest?.("#rows")) return;
  event.preventDefault();
  if (!over || over === dragged) return;
  const { top, height } = over.getBoundingClientRect();
  over[event.clientY < top + height / 2 ? "before" : "after"](dragged);
});
document.addEventListener("drop", (event) => dragged && event.preventDefault());
document.addEventListener("dragend", () => {
  if (!dragged) return;
  const [row, to] = [dragged, rows().indexOf(dragged)];
  row.classList.remove("dragged");
  row.removeAttribute("draggable");
  dragged = undefined;
  edit(row.closest("form"), acts(row.closest("form"), `to ${row.dataset.key}`, { to }));
});

function rows() {
  return [...document.querySelectorAll("#rows > [data-key]")];
}

// ---- what a person does

function viewOf(form, name, value) {
  const query = new URLSearchParams();
  for (const [key, text] of new FormData(form)) query.set(key, text);
  if (name) query.set(name, value);
  for (const [key, text] of [...query]) if (!text) query.delete(key);
  return query.size ? `/?${query}` : "/";
}

document.addEventListener("submit", (event) => {
  if (event.target.id === "copy") {
    event.preventDefault();
    copy(event.target);
  }
  if (event.target.id === "edit" && event.submitter) {
    event.preventDefault();
    clearTimeout(typing);
    edit(event.target, acts(event.target, event.submitter.value), event.submitter);
  }
  if (event.target.id !== "tools") return;
  event.preventDefault();
  show(viewOf(event.target, event.submitter?.name, event.submitter?.value));
});

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.id === "tools") show(viewOf(form, event.target.name, event.target.value));
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-view]");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault();
    show(link.getAttribute("href"));
  }
  const place = event.target.closest("[data-place]");
  if (place) jump(place.dataset.place);
});

// Scrolls the mail to where a finding is: a link, a picture, or a CSS path.
async function jump(place) {
  if (document.getElementById("stage").dataset.part !== "html") await show(viewOf(document.getElementById("tools"), "part", "html"));
  const inside = document.getElementById("mail")?.contentDocument;
  const found = inside && at(inside, place);
  document.getElementById("jumped").textContent = found ? "" : "That is not seen in the issue.";
  if (!found) return;
  found.scrollIntoView({ block: "center" });
  const outline = found.style.outline;
  found.style.outline = "3px solid #d9952b";
  setTimeout(() => { found.style.outline = outline; }, 1600);
}

function at(inside, place) {
  const holds = [...inside.querySelectorAll("a[href], img[src]")];
  const named = holds.find((element) => (element.getAttribute("href") ?? element.getAttribute("src")) === place);
  if (named) return named;
  try { // a browser puts a tbody into every table; the mail as it is sent has none
    return inside.querySelector(place.replace(/(\btable[^ >]*) > tr\b/g, "$1 > tbody > tr"));
  } catch {
    return null; // a line, or words: nowhere to go
  }
}

// ---- news

// The mail first, painted before anything else is asked for: somebody who has just saved a template looks at that.
async function renew() {
  const frame = document.getElementById("mail");
  if (frame && document.getElementById("stage").dataset.part === "html") {
    await turn(frame, marked(shownAt(frame)));
    if (!document.hidden) await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  }
  return show(location.href);
}

const live = document.getElementById("live");
const news = new EventSource("/events");
let isBack = false;
news.addEventListener("changed", () => acting || renew());
news.addEventListener("open", () => {
  live.dataset.state = "on";
  live.textContent = "Live · nothing is sent";
  if (isBack) renew();
  isBack = false;
});
news.addEventListener("error", () => {
  live.dataset.state = "off";
  live.textContent = "The preview has ended";
  isBack = true;
});
