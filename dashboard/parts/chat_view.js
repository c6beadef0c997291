// Messages as a conversation. data: {messages: [{role, finish, parts: [{type, text, name, args, id}]}]}
const LONG = 1600;

function bodyText(text) {
  const node = el("div", "text", text);
  if (text.length <= LONG && text.split("\n").length <= 24) return node;
  node.classList.add("folded");
  const more = el("button", "more", `show all ${text.length.toLocaleString("en")} characters`);
  more.addEventListener("click", () => {
    const folded = node.classList.toggle("folded");
    more.textContent = folded ? `show all ${text.length.toLocaleString("en")} characters` : "show less";
  });
  return el("div", "", node, more);
}

function partNode(part) {
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

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const list = el("div", "chat");
  for (const message of data.messages) {
    const role = ["system", "developer", "user", "assistant", "tool"].includes(message.role) ? message.role : "other";
    const whole = message.parts.map((part) => part.text).join("\n\n");
    const head = el("div", "who", el("span", "", message.role));
    if (message.finish) head.append(el("span", "soft finish", `stopped: ${message.finish}`));
    head.append(el("span", "grow"), copyButton(() => whole));
    const box = el("div", `message role-${role}`, head);
    for (const part of message.parts) box.append(partNode(part));
    list.append(box);
  }
  if (!data.messages.length) list.append(el("div", "soft", "No messages."));
  root.replaceChildren(list);
}
