// The page without reloads: controls, and news from the server, fetch the page anew and change only what differs.
"use strict";

const token = document.querySelector("meta[name=preview-token]").content;
const shownIn = new WeakMap(); // frame → the address it shows
let asked = 0;

// ---- showing a view

async function show(url) {
  const mine = ++asked;
  let page;
  try {
    const answer = await fetch(url);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return; // the preview has ended; the live line says so
  }
  if (mine !== asked) return; // somebody clicked again meanwhile
  if (page.querySelector("meta[name=preview-token]")?.content !== token) return location.assign(url); // started anew
  history.replaceState(null, "", url);
  document.title = page.title;
  for (const part of ["nav", "main", "aside"]) morph(document.querySelector(part), page.querySelector(part));
  unveil();
}

// Makes `old` as `fresh` is, keeping every node that can stay: focus, scrolling and the frame stay with them.
function morph(old, fresh) {
  if (old.id === "copy") return; // half an address may stand in it
  if (old.id === "mail") return turn(old, fresh.getAttribute("src"));
  if (old.nodeName !== "DETAILS") { // open or not is the person's choice
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((node, at) => put(old, before[at], node));
  before.slice(after.length).forEach((node) => node.remove());
}

function put(parent, old, fresh) {
  if (!old) return parent.append(document.importNode(fresh, true));
  const isSame = old.nodeName === fresh.nodeName && old.id === fresh.id && old.className === fresh.className;
  if (!isSame) return old.replaceWith(document.importNode(fresh, true));
  if (old.nodeType === Node.ELEMENT_NODE) return morph(old, fresh);
  if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
}

// ---- the frame: nothing runs in it, so that this page may read how far it is scrolled

function turn(frame, address) {
  const old = shownIn.get(frame) ?? frame.getAttribute("src");
  if (old === address) return;
  shownIn.set(frame, address);
  const top = issueOf(old) === issueOf(address) ? frame.contentWindow.scrollY : 0;
  frame.addEventListener("load", () => frame.contentWindow.scrollTo(0, top), { once: true });
  frame.contentWindow.location.replace(address); // leaves no step in the history
}

function issueOf(address) {
  return new URLSearchParams(address.split("?")[1]).get("issue");
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
function jump(place) {
  const inside = document.getElementById("mail")?.contentDocument;
  const found = inside && at(inside, place);
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
  try {
    return inside.querySelector(place);
  } catch {
    return null; // a line, or words: nowhere to go
  }
}

// ---- news

const live = document.getElementById("live");
const news = new EventSource("/events");
let isBack = false;
news.addEventListener("changed", () => show(location.href));
news.addEventListener("open", () => {
  live.dataset.state = "on";
  live.textContent = "Live · nothing is sent";
  if (isBack) show(location.href);
  isBack = false;
});
news.addEventListener("error", () => {
  live.dataset.state = "off";
  live.textContent = "The preview has ended";
  isBack = true;
});
