// Visits pages as a reader would, and prints what was seen.
//   node visit.mjs MODULES < PLAN    a line of JSON; each further line of the input answers an `ask`
// A plan is {"visits": [{"url", "dark", "width", "height", "offline", "timeout", "steps", "read", "screenshot", "axe"}]}. Steps are carried out in order:
//   ["select", CSS, VALUE]  ["click", CSS]  ["press", KEY]  ["wait", CSS]  ["ask", TEXT]  ["evaluate", EXPRESSION]
// The last line of the output is {"visits": […]}, each with what the console said, requests to other hosts, and what axe found.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const line = async () => (await lines.next()).value;
const plan = JSON.parse(await line());

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });

const carryOut = async (page, [what, where, value]) => {
  if (what === "select") return page.selectOption(where, value);
  if (what === "click") return page.click(where);
  if (what === "press") return page.keyboard.press(where);
  if (what === "wait") return page.waitForSelector(where, { state: "attached" });
  if (what === "evaluate") return page.evaluate(where);
  if (what === "ask") {
    console.log(`ask ${where}`);
    return line();
  }
  throw new Error(`no such step: ${what}`);
};

const visit = async (it) => {
  const context = await browser.newContext({
    colorScheme: it.dark ? "dark" : "light",
    viewport: { width: it.width ?? 1280, height: it.height ?? 900 },
    timezoneId: "America/New_York",
    locale: "en-GB",
    offline: it.offline ?? false,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(it.timeout ?? 30_000);
  const seen = { console: [], requests: [] };
  page.on("console", (message) => { if (message.type() !== "log") seen.console.push(message.text()); });
  page.on("pageerror", (error) => seen.console.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  const started = performance.now();
  const response = await page.goto(it.url, { waitUntil: "load" });
  seen.status = response?.status() ?? 0;
  for (const step of it.steps ?? []) await carryOut(page, step);
  seen.milliseconds = performance.now() - started;
  seen.url = page.url();
  seen.read = {};
  for (const [name, expression] of Object.entries(it.read ?? {})) seen.read[name] = await page.evaluate(expression);
  seen.overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  if (it.axe) {
    await page.evaluate(axe);
    const found = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
    seen.violations = found.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 5).map((node) => node.html.slice(0, 200)) }));
  }
  if (it.screenshot) await page.screenshot({ path: it.screenshot, fullPage: it.whole ?? true });
  await context.close();
  return seen;
};

const visits = [];
for (const it of plan.visits) visits.push(await visit(it));
await browser.close();
console.log(JSON.stringify({ visits }));
process.exit(0);
