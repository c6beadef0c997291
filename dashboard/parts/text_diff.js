// Word-level difference of two texts. data: {parts: [{title, ops: [[op, text]]}], labels}
// op is "equal", "insert" or "delete". Two layouts: one text with marks, or both side by side.
const KEEP = 6;
let layout = "together";

function lines(ops) {
  const out = [[]];
  for (const [op, text] of ops) {
    const pieces = text.split("\n");
    pieces.forEach((piece, index) => {
      if (index) out.push([]);
      if (piece || index < pieces.length - 1) out.at(-1).push([op, piece + (index < pieces.length - 1 ? "\n" : "")]);
    });
  }
  return out.filter((line) => line.length);
}

function marked(line, hide) {
  const node = el("div", "line");
  for (const [op, text] of line) {
    if (op === hide) continue;
    const shown = op !== "equal" && text.endsWith("\n") ? `${text.slice(0, -1)}↵\n` : text;
    node.append(op === "equal" ? shown : el(op === "insert" ? "ins" : "del", "", shown));
  }
  return node;
}

function folded(all, draw) {
  const nodes = [];
  let at = 0;
  while (at < all.length) {
    let end = at;
    while (end < all.length && all[end].every(([op]) => op === "equal")) end += 1;
    const from = at === 0 ? 0 : at + KEEP;
    const to = end === all.length ? end : end - KEEP;
    if (to - from > 4 && !(at === 0 && end === all.length)) {
      all.slice(at, from).forEach((line) => nodes.push(draw(line)));
      const hidden = all.slice(from, to);
      const button = el("button", "fold", `${hidden.length} unchanged lines`);
      button.addEventListener("click", () => button.replaceWith(...hidden.map(draw)));
      nodes.push(button);
      all.slice(to, end).forEach((line) => nodes.push(draw(line)));
    } else all.slice(at, end).forEach((line) => nodes.push(draw(line)));
    if (end < all.length) nodes.push(draw(all[end]));
    at = end + 1;
  }
  return nodes;
}

function words(ops, wanted) {
  return ops.filter(([op]) => op === wanted).reduce((sum, [, text]) => sum + (text.match(/\S+/g) || []).length, 0);
}

function section(part, labels) {
  const all = lines(part.ops);
  const added = words(part.ops, "insert");
  const removed = words(part.ops, "delete");
  const same = part.ops.every(([op]) => op === "equal");
  const head = el("div", "title", el("span", "", part.title || ""), el("span", "grow"),
    same ? el("span", "soft", "no change") : el("span", "t-green tone", `+${added}`),
    same ? null : el("span", "t-red tone", `−${removed}`), same ? null : el("span", "soft", "words"));
  if (layout === "together") return el("div", "part", head, el("div", "body", ...folded(all, (line) => marked(line))));
  const side = (label, hide) => el("div", "body side", el("div", "soft label", label),
    ...all.map((line) => marked(line, hide)));
  return el("div", "part", head, el("div", "sides", side(labels[0], "insert"), side(labels[1], "delete")));
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const draw = () => {
    const choice = el("div", "choice");
    for (const [name, text] of [["together", "One text"], ["beside", "Side by side"]]) {
      const button = el("button", layout === name ? "on" : "", text);
      button.setAttribute("aria-pressed", String(layout === name));
      button.addEventListener("click", () => { layout = name; draw(); });
      choice.append(button);
    }
    const labels = data.labels || ["before", "after"];
    const bar = el("div", "bar", el("del", "", labels[0]), el("span", "soft", "→"), el("ins", "", labels[1]),
      el("span", "grow"), choice);
    root.replaceChildren(el("div", "diff", bar, ...data.parts.map((part) => section(part, labels))));
  };
  draw();
}
