// Messages as a conversation. data: {messages: [{role, finish, note, parts: [{type, text, name, id, mime, data}]}]}
const LONG = 1600;
const MANY = 60;
const PIXELS = 40e6;

function bodyText(text) {
  const node = el("div", "text", text);
  node.dir = "auto";
  if (text.length <= LONG && text.split("\n").length <= 24) return node;
  node.classList.add("folded");
  const label = `show all ${text.length.toLocaleString("en")} characters`;
  const more = el("button", "more", label);
  more.addEventListener("click", () => { more.textContent = node.classList.toggle("folded") ? label : "show less"; });
  return el("div", "", node, more);
}

// A picture is decoded to pixels and painted: no address is loaded, and a drawing with script in it is no bitmap.
function picture(part) {
  const said = el("span", "soft", part.text || part.mime);
  const box = el("div", "call", el("div", "call-head", el("span", "chip", "picture"), said));
  if (!part.data) return box;
  const clean = part.data.replace(/[^A-Za-z0-9+/]/g, "");
  const bytes = Uint8Array.from(atob(clean.slice(0, clean.length - (clean.length % 4 === 1))), (char) => char.charCodeAt(0));
  createImageBitmap(new Blob([bytes], { type: part.mime })).then((bitmap) => {
    said.textContent = `${part.mime} · ${bitmap.width} × ${bitmap.height}`;
    if (bitmap.width * bitmap.height > PIXELS) return;
    const canvas = el("canvas", "picture");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    box.append(canvas);
  }, () => { said.textContent = `${part.mime}: not a picture that can be drawn`; });
  return box;
}

function partNode(part) {
  if (part.type === "image") return picture(part);
  if (part.type === "tool_call") {
    const head = el("div", "call-head", el("span", "t-orange chip", "tool call"), el("span", "mono name", part.name || "?"));
    if (part.id) head.append(el("span", "mono soft", part.id));
    return el("div", "call", head, el("pre", "mono", part.text));
  }
  if (part.type === "tool_call_response") {
    return el("div", "call", el("div", "call-head", el("span", "t-green chip", "tool result"),
      part.id ? el("span", "mono soft", part.id) : null), bodyText(part.text));
  }
  if (part.type === "reasoning") {
    const box = el("details", "thought", el("summary", "soft", "reasoning"));
    box.append(el("div", "text", part.text));
    return box;
  }
  if (part.type !== "text") {
    return el("div", "call", el("div", "call-head", el("span", "chip", part.type)), el("pre", "mono", part.text));
  }
  return bodyText(part.text);
}

function messageNode(message) {
  const role = ["system", "developer", "user", "assistant", "tool"].includes(message.role) ? message.role : "other";
  const whole = message.parts.map((part) => part.text).join("\n\n");
  const head = el("div", "who", el("span", "role", message.role));
  if (message.finish && message.finish !== "stop") head.append(el("span", "soft finish", `stopped: ${message.finish}`));
  head.append(el("span", "grow"), copyButton(() => whole));
  return el("div", `message role-${role}`, head, ...message.parts.map(partNode));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const list = el("div", "chat");
  const hidden = Math.max(0, data.messages.length - MANY);
  const shown = data.messages.slice(hidden);
  if (hidden) {
    const more = el("button", "more", `${hidden.toLocaleString("en")} earlier messages`);
    more.addEventListener("click", () => more.replaceWith(...data.messages.slice(0, hidden).map(messageNode)));
    list.append(more);
  }
  for (const message of shown) {
    const node = messageNode(message);
    if (message.chips && message.chips.length) {
      const line = el("div", "facts");
      for (const item of message.chips) {
        const piece = chip(item);
        if (!item.go) { line.append(piece); continue; }
        const link = ownLink(el("a", "", piece), item.go);
        link.addEventListener("click", (event) => {
          if (!plainClick(event)) return;
          event.preventDefault();
          setTriggerValue("go", item.go);
        });
        line.append(link);
      }
      node.append(line);
    }
    list.append(node);
  }
  if (!data.messages.length) list.append(el("div", "soft", "No messages."));
  root.replaceChildren(list);
}
