"""Loads diagrams and what they should say into a headless browser and reports what Mermaid made of them."""

import argparse
import base64
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync", "--hide-scrollbars", "--force-device-scale-factor=1",
]
CASES_A_RUN = 25


def browse(browser, page, *arguments):
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run(
            [browser, *FLAGS, f"--user-data-dir={profile}", "--virtual-time-budget=120000", *arguments, page.as_uri()],
            capture_output=True, text=True, timeout=240, check=False)


def page(folder, mermaid, cases, script, theme="default"):
    """The cases travel as base64, so that nothing in a label can end the script that carries it."""
    data = base64.b64encode(json.dumps(cases).encode()).decode()
    path = folder / "page.html"
    path.write_text(
        "<!doctype html><meta charset='utf-8'><body><div id='stage'></div><pre id='verdict'></pre>"
        f"<script src='{mermaid.resolve().as_uri()}'></script>"
        f"<script>const CASES = JSON.parse(new TextDecoder().decode("
        f"Uint8Array.from(atob('{data}'), c => c.charCodeAt(0))));"
        f"const THEME = '{theme}';</script>"
        f"<script>{(HERE / script).read_text()}</script>", encoding="utf-8")
    return path


def judge(arguments, cases, folder):
    run = browse(arguments.browser, page(folder, arguments.mermaid, cases, "judge.js"), "--dump-dom")
    found = re.search(r'<pre id="verdict">(.*?)</pre>', run.stdout, re.DOTALL)
    try:
        verdicts = json.loads(html.unescape(found.group(1))) if found else []
    except json.JSONDecodeError:
        verdicts = []
    if len(verdicts) == len(cases):
        return verdicts
    why = run.stderr.strip().splitlines()[-1:] or ["no verdict"]
    return [{"name": case["name"], "problems": [f"the browser gave no verdict: {why[0]}"]} for case in cases]


def judge_graphviz(case):
    """Lets dot read the graph, and compares what it understood."""
    run = subprocess.run(["dot", "-Tdot_json"], input=case["mermaid"], capture_output=True, text=True, timeout=120, check=False)
    if run.returncode or run.stderr.strip():
        return [f"dot: {run.stderr.strip().splitlines()[:1]}"]
    graph = json.loads(run.stdout)

    def text(label):
        escapes = {"n": "\n"}
        return html.unescape(re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), label))

    objects = [thing for thing in graph.get("objects", []) if "nodes" not in thing]
    names = {thing["_gvid"]: thing["name"] for thing in graph.get("objects", [])}
    nodes = sorted((thing["name"], text(thing["label"])) for thing in objects)
    edges = sorted((names[e["tail"]], names[e["head"]], text(e.get("label", ""))) for e in graph.get("edges", []))
    expected = case["expected"]
    problems = []
    if nodes != sorted((n["id"], n["label"]) for n in expected["nodes"]):
        wanted = {(n["id"], n["label"]) for n in expected["nodes"]}
        problems.append(f"nodes differ: {sorted(wanted.symmetric_difference(nodes))[:4]}")
    if edges != sorted((e["from"], e["to"], e["label"]) for e in expected["edges"]):
        wanted = {(e["from"], e["to"], e["label"]) for e in expected["edges"]}
        problems.append(f"edges differ: {sorted(wanted.symmetric_difference(edges))[:4]}")
    return problems


def draw(arguments, case, folder):
    target = (arguments.png / f"{case['name']}.png").resolve()
    browse(arguments.browser, page(folder, arguments.mermaid, [case], "draw.js", arguments.theme),
           f"--screenshot={target}", f"--window-size={arguments.size}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--browser", required=True)
    parser.add_argument("--mermaid", required=True, type=pathlib.Path)
    parser.add_argument("--png", type=pathlib.Path, help="a folder to draw every diagram into")
    parser.add_argument("--theme", default="default", choices=["default", "dark"], help="of the pictures")
    parser.add_argument("--size", default="1600,900", help="of the pictures")
    parser.add_argument("--only", default="", help="only the diagrams whose name contains this")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()

    files = sorted(path for path in arguments.folder.glob("*.json") if arguments.only in path.name)
    if not files:
        print(f"mermaid-check: no diagrams in {arguments.folder}; run the Swift tests with "
              "THROUGHLINE_MERMAID_OUT set to that folder first", file=sys.stderr)
        print("0 passed, 1 failed")
        return 1
    cases = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    failed = 0
    graphs = [case for case in cases if case["kind"] == "graphviz"]
    cases = [case for case in cases if case["kind"] != "graphviz"]
    for case in graphs:
        problems = judge_graphviz(case)
        if problems:
            failed += 1
            print(f"✗ {case['name']}")
            for problem in problems:
                print(f"    {problem[:400]}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for start in range(0, len(cases), CASES_A_RUN):
            for verdict in judge(arguments, cases[start:start + CASES_A_RUN], folder):
                if verdict["problems"]:
                    failed += 1
                    print(f"✗ {verdict['name']}")
                    for problem in verdict["problems"][:8]:
                        print(f"    {problem[:400]}")
        if arguments.png:
            arguments.png.mkdir(parents=True, exist_ok=True)
            for case in cases:
                draw(arguments, case, folder)
    print(f"{len(cases) + len(graphs) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
