// One JSON value as a tree that keeps line breaks. data: {value, open, title}
const LONG = 1200;
const MANY = 200;

function stored(value) {
  const kb = Math.round(value.bytes / 1024).toLocaleString("en");
  return el("span", "stored", el("div", "soft", `${kb} KB, stored apart; use the download for the whole value`),
    el("div", "string", value.head || ""), el("div", "soft gap", "⋯"), el("div", "string", value.tail || ""));
}

function text(value) {
  const node = el("span", "string", value);
  if (value.length <= LONG) return node;
  node.classList.add("folded");
  const label = `show all ${value.length.toLocaleString("en")} characters`;
  const more = el("button", "more", label);
  more.addEventListener("click", () => {
    more.textContent = node.classList.toggle("folded") ? label : "show less";
  });
  return el("span", "", node, el("br"), more);
}

function scalar(value) {
  if (typeof value === "string") return text(value);
  if (value === null) return el("span", "null", "null");
  return el("span", typeof value === "boolean" ? "bool" : "number", String(value));
}

function summary(value) {
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  if (Array.isArray(value)) return `[${size}]`;
  const keys = Object.keys(value).slice(0, 4).join(", ");
  return `{${keys}${size > 4 ? ", …" : ""}}`;
}

function rows(entries, depth, open, isList) {
  const box = el("div", depth ? "inside" : "");
  const add = (from) => {
    for (const [key, item] of entries.slice(from, from + MANY)) box.append(entry(key, item, depth, open, isList));
    if (entries.length > from + MANY) {
      const more = el("button", "more", `${(entries.length - from - MANY).toLocaleString("en")} more`);
      more.addEventListener("click", () => { more.remove(); add(from + MANY); });
      box.append(more);
    }
  };
  add(0);
  return box;
}

function entry(key, value, depth, open, isList) {
  const label = el("span", isList ? "key index" : "key", key);
  const compound = value !== null && typeof value === "object";
  if (!compound) return el("div", `entry${typeof value === "string" && value.includes("\n") ? " block" : ""}`, label, scalar(value));
  if ("$blob" in value || "$json_blob" in value) return el("div", "entry block", label, stored(value));
  const entries = Object.entries(value);
  if (!entries.length) return el("div", "entry", label, el("span", "null", Array.isArray(value) ? "[]" : "{}"));
  const box = el("details", "entry");
  const draw = () => { if (box.open && box.childElementCount === 1) box.append(rows(entries, depth + 1, open, Array.isArray(value))); };
  box.append(el("summary", "", label, el("span", "soft brief", summary(value))));
  box.addEventListener("toggle", draw);
  box.open = depth < open && entries.length <= 60;
  draw();
  return box;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const value = data.value;
  const frame = el("div", "frame");
  frame.append(el("div", "bar", el("span", "title", data.title || ""), el("span", "grow"),
    copyButton(() => (typeof value === "string" ? value : JSON.stringify(value, null, 2)))));
  const body = el("div", "body");
  if (value === null || typeof value !== "object") body.append(scalar(value));
  else if ("$blob" in value || "$json_blob" in value) body.append(stored(value));
  else if (!Object.keys(value).length) body.append(el("span", "null", Array.isArray(value) ? "[]" : "{}"));
  else body.append(rows(Object.entries(value), 0, data.open ?? 2, Array.isArray(value)));
  frame.append(body);
  root.replaceChildren(frame);
}
