// Put before every component: elements are made here and text goes in as text nodes only.
const TONES = { ok: "green", error: "red", running: "blue", interrupted: "orange", unset: "gray",
  finished: "green", failed: "red", killed: "orange" };

function el(tag, cls, ...kids) {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  for (const kid of kids) if (kid !== null && kid !== undefined) node.append(kid);
  return node;
}

function svg(tag, attributes, ...kids) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...kids);
  return node;
}

function chip(item) {
  const node = el("span", `chip t-${item.tone || "gray"}`);
  if (item.label) node.append(el("span", "soft", item.label));
  const at = typeof item.at_ms === "number" ? clock(item.at_ms).join(" ") : null;
  node.append(el("span", item.mono ? "mono" : "", at || item.value));
  if (item.tail) node.append(el("span", "tail", item.tail));
  if (item.hint) node.title = item.hint;
  return node;
}

// Only links to our own pages: a page name and a query, never a scheme or another host.
function ownLink(node, href) {
  if (/^[a-z]*(\?[A-Za-z0-9_.~%&=+-]*)?$/.test(href)) node.setAttribute("href", href);
  return node;
}

function plainClick(event) {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

function milliseconds(ms) {
  if (ms === null || ms === undefined) return "…";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}

function clock(ms) {
  const two = (number) => String(number).padStart(2, "0");
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return [day, `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`];
}

function copyButton(read) {
  const button = el("button", "copy", "copy");
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    await navigator.clipboard.writeText(read());
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1200);
  });
  return button;
}
