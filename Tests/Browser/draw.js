// Draws one diagram as large as the window allows, for a person to look at. CASES and THEME stand before this script.
mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: THEME });
if (THEME === "dark") document.documentElement.style.background = "#0d1117";
(async () => {
  const { svg } = await mermaid.render("drawing", CASES[0].mermaid);
  document.body.style.margin = "16px";
  document.body.innerHTML = svg;
  const drawing = document.querySelector("svg");
  drawing.style.maxWidth = "100%";
  drawing.style.maxHeight = "calc(100vh - 32px)";
})();
