// Compares what Mermaid parsed, and what it drew, with what the flow says. CASES stands before this script.
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });

// Mermaid keeps entities in a form of its own until it draws.
const decoder = document.createElement("textarea");
const decode = (text) => {
  decoder.innerHTML = (text ?? "").replace(/ﬂ°°/g, "&#").replace(/ﬂ°/g, "&").replace(/¶ß/g, ";");
  // Spaces that do not break stand where a label should not be broken.
  return decoder.value.replaceAll("\u2060", "").replaceAll("\u00a0", " ");
};
const strokes = {
  "normal arrow_point": "normal", "thick arrow_point": "thick", "dotted arrow_point": "dotted",
  "normal arrow_cross": "cross", "dotted arrow_open": "dottedLine",
};
// Escaping puts a word joiner, which nobody sees, where nothing else helps.
const visible = (text) => (text ?? "").replaceAll("\u2060", "");
const squeezed = (text) => visible(text).replace(/\s+/g, "");

function compare(problems, what, expected, actual) {
  const left = expected.map((item) => JSON.stringify(item)).sort();
  const right = actual.map((item) => JSON.stringify(item)).sort();
  const missing = left.slice();
  for (const item of right) {
    const place = missing.indexOf(item);
    if (place >= 0) missing.splice(place, 1);
    else problems.push(`${what}: unexpected ${item}`);
  }
  for (const item of missing) problems.push(`${what}: missing ${item}`);
}

const markup = (node) => node.detail == null ? node.text : `${node.text}<br><small>${node.detail}</small>`;

function judgeFlowchart(problems, expected, db, svg) {
  const vertices = [...db.getVertices().values()].map((v) => [v.id, decode(v.text).replaceAll("<br/>", "<br>")]);
  compare(problems, "vertices", expected.nodes.map((n) => [n.id, markup(n)]), vertices);
  const edges = db.getEdges().map((e) => [e.start, e.end, decode(e.text), strokes[`${e.stroke} ${e.type}`] ?? `${e.stroke} ${e.type}`]);
  compare(problems, "edges", expected.edges.map((e) => [e.from, e.to, e.text ?? "", e.stroke]), edges);
  const groups = db.getSubGraphs().map((g) => [g.id, decode(g.title), [...g.nodes].sort()]);
  compare(problems, "subgraphs", expected.groups.map((g) => [g.id, g.title, [...g.nodes].sort()]), groups);
  const seen = (selector) => [...svg.querySelectorAll(selector)].map((e) => squeezed(e.textContent)).filter((t) => t);
  compare(problems, "drawn nodes", expected.nodes.map((n) => squeezed(n.text + (n.detail ?? ""))), seen(".node .nodeLabel"));
  compare(problems, "drawn edges", expected.edges.map((e) => squeezed(e.text)).filter((t) => t), seen(".edgeLabels .edgeLabel span.edgeLabel"));
}

function judgeSequence(problems, expected, db, svg) {
  const actors = [...db.getActors().values()].map((a) => [a.name, decode(a.description)]);
  compare(problems, "actors", expected.participants.map((p) => [p.id, p.name]), actors);
  const types = db.LINETYPE;
  const arrows = { [types.SOLID_POINT]: "-)", [types.DOTTED_POINT]: "--)", [types.SOLID]: "->>", [types.SOLID_CROSS]: "-x" };
  const messages = db.getMessages();
  const said = messages.filter((m) => m.type in arrows).map((m) => [arrows[m.type], m.from, m.to, decode(m.message)]);
  if (JSON.stringify(said) !== JSON.stringify(expected.arrows)) {
    compare(problems, "messages", expected.arrows, said);
    if (!problems.length) problems.push("messages: wrong order");
  }
  const notes = messages.filter((m) => m.type === types.NOTE).map((m) => [m.from, decode(m.message.replaceAll("<br/>", " "))]);
  compare(problems, "notes", expected.notes, notes);
  const words = {
    [types.PAR_START]: "par", [types.PAR_AND]: "and", [types.PAR_END]: "end",
    [types.ALT_START]: "alt", [types.ALT_ELSE]: "else", [types.ALT_END]: "end",
  };
  const blocks = messages.filter((m) => m.type in words)
    .map((m) => (["par", "alt", "else"].includes(words[m.type]) ? [words[m.type], decode(m.message)] : [words[m.type]]));
  compare(problems, "blocks", [expected.blocks], [blocks]);
  const count = (type) => messages.filter((m) => m.type === type).length;
  compare(problems, "activations", [expected.activations, expected.activations],
    [count(types.ACTIVE_START), count(types.ACTIVE_END)]);
  const seen = (selector) => [...svg.querySelectorAll(selector)].map((e) => squeezed(e.textContent));
  compare(problems, "drawn messages", expected.arrows.map((a) => squeezed(a[3])), seen("text.messageText"));
}

function judgeGantt(problems, expected, db, svg) {
  const tasks = db.getTasks().map((t) => [
    t.id, decode(t.task).trim(), decode(t.section).trim(), t.milestone ? "milestone" : t.done ? "done" : t.active ? "active" : "",
    !!t.crit, t.startTime.getTime(), t.endTime.getTime(),
  ]);
  compare(problems, "tasks", expected.tasks, tasks);
  compare(problems, "sections", expected.sections, db.getSections().map((t) => decode(t).trim()));
  const seen = (selector) => [...svg.querySelectorAll(selector)].map((e) => squeezed(e.textContent));
  compare(problems, "drawn tasks", expected.tasks.map((t) => squeezed(t[1])), seen("text[class*='taskText']"));
  compare(problems, "drawn sections", expected.sections.map(squeezed), seen("text.sectionTitle"));
}

function judgeState(problems, expected, db, svg) {
  const { nodes, edges } = db.getData();
  const marks = new Set(nodes.filter((n) => /^state(Start|End)$/.test(n.shape)).map((n) => n.id));
  const isMark = (id) => marks.has(id);
  const states = nodes.filter((n) => !isMark(n.id)).map((n) => [n.id, decode([n.label].flat().join(" ")), n.parentId ?? null]);
  compare(problems, "states", expected.states, states);
  const name = (id) => (isMark(id) ? "[*]" : id);
  const transitions = edges.map((e) => [name(e.start), name(e.end), decode(e.label)]);
  compare(problems, "transitions", expected.transitions, transitions);
  const seen = (selector) => [...svg.querySelectorAll(selector)].map((e) => squeezed(e.textContent)).filter((t) => t);
  compare(problems, "drawn states", expected.states.map((s) => squeezed(s[1])), seen(".nodeLabel"));
  compare(problems, "drawn transitions", expected.transitions.map((t) => squeezed(t[2])).filter((t) => t), seen("span.edgeLabel"));
}

// Mermaid lets the words of a note that spans participants run over its edges.
function judgeNotes(problems, stage) {
  for (const note of stage.querySelectorAll("rect.note")) {
    const box = note.getBBox();
    for (const text of note.parentNode.querySelectorAll(".noteText")) {
      const words = text.getBBox();
      const over = Math.max(box.x - words.x, words.x + words.width - box.x - box.width);
      // Mermaid does not quite centre words, for which nobody can do anything here.
      if (over > 2) problems.push(`a note runs ${Math.round(over)} pixels over its edges: ${text.textContent}`);
    }
  }
}

(async () => {
  const verdicts = [];
  for (const [place, item] of CASES.entries()) {
    const problems = [];
    try {
      await mermaid.parse(item.mermaid);
      const diagram = await mermaid.mermaidAPI.getDiagramFromText(item.mermaid);
      const { svg } = await mermaid.render(`d${place}`, item.mermaid, document.getElementById("stage"));
      const drawn = new DOMParser().parseFromString(svg, "text/html");
      if (drawn.querySelector("script, a[href^='javascript:'], i.fa, .katex")) problems.push("a label became markup: " + drawn.querySelector("script, a[href^='javascript:'], i.fa, .katex").outerHTML.slice(0, 200));
      if (drawn.body.textContent.includes("Unsupported markdown")) problems.push("a label was taken for Markdown");
      // A long title stands on several lines.
      if (item.title != null && !squeezed(drawn.body.textContent).includes(squeezed(item.title))) problems.push("the title is not drawn");
      if (item.kind === "flowchart") judgeFlowchart(problems, item.expected, diagram.db, drawn);
      else if (item.kind === "gantt") judgeGantt(problems, item.expected, diagram.db, drawn);
      else if (item.kind === "state") judgeState(problems, item.expected, diagram.db, drawn);
      else {
        judgeSequence(problems, item.expected, diagram.db, drawn);
        const stage = document.getElementById("stage");
        stage.innerHTML = svg;
        // A wide diagram is shrunk to the page, and letters of less than a pixel are wider than they should be.
        const drawing = stage.querySelector("svg");
        drawing.style.maxWidth = "none";
        drawing.setAttribute("width", drawing.viewBox.baseVal.width);
        judgeNotes(problems, stage);
        stage.innerHTML = "";
      }
    } catch (error) {
      problems.push(String(error?.message ?? error).split("\n").slice(0, 4).join(" / "));
    }
    verdicts.push({ name: item.name, problems });
  }
  document.getElementById("stage").remove();
  document.getElementById("verdict").textContent = JSON.stringify(verdicts);
})();
