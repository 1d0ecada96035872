// One browser over a list of looks; what it found goes to the plan's `result` as JSON.   usage: node look.mjs PLAN.json
// A look: {name, url, width, height, dark, axe, shot, whole?, search?}. Folders: modules (node_modules), shots, profile.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const plan = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const require = createRequire(path.join(plan.modules, "package.json"));
const puppeteer = require("puppeteer-core");
const axeSource = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await puppeteer.launch({
  executablePath: plan.chromium,
  userDataDir: plan.profile,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb", "--hide-scrollbars"],
});

async function measure(page) {
  return page.evaluate(async () => {
    const [navigation] = performance.getEntriesByType("navigation");
    // On a busy machine the first frame may come after the page is complete.
    const painted = () => performance.getEntriesByName("first-contentful-paint")[0];
    for (let i = 0; i < 500 && !painted(); ++i) await new Promise((resume) => setTimeout(resume, 20));
    const paint = painted();
    return {
      bytes: navigation.decodedBodySize,
      answered: navigation.responseEnd - navigation.requestStart,
      painted: paint ? paint.startTime : null,
      complete: navigation.domComplete,
      overflow: document.documentElement.scrollWidth - window.innerWidth,
      title: document.title,
      text: document.body.innerText.slice(0, 4000),
      scripts: document.querySelectorAll("script, img, iframe, object, [onerror], [onload], [style]").length,
    };
  });
}

/// Through the DevTools protocol, so that the page's own policy, which forbids all scripts, stays in force for it.
async function judge(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map((each) => ({
    id: each.id, impact: each.impact, help: each.help,
    nodes: each.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)), count: each.nodes.length,
  }));
}

const looks = [];
for (const look of plan.looks) {
  const page = await browser.newPage();
  const complaints = [], asked = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => asked.push(request.url()));
  await page.setViewport({ width: look.width, height: look.height, deviceScaleFactor: 1 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: look.dark ? "dark" : "light" }]);
  const response = await page.goto(look.url, { waitUntil: "load", timeout: 60000 });
  const found = { name: look.name, status: response.status(), headers: response.headers(), complaints, asked };
  Object.assign(found, await measure(page));
  if (look.search) { // with the keyboard alone, and without JavaScript
    await page.setJavaScriptEnabled(false);
    await page.reload({ waitUntil: "load" });
    for (let i = 0; i < 60; ++i) {
      await page.keyboard.press("Tab");
      if (await page.$("input[type=search]:focus")) break;
    }
    await page.keyboard.type(look.search);
    await Promise.all([page.waitForNavigation({ waitUntil: "load" }), page.keyboard.press("Enter")]);
    found.searched = { url: page.url(), text: (await (await page.$("main")).evaluate((main) => main.innerText)).slice(0, 4000) };
  }
  if (look.axe) found.violations = await judge(page);
  if (look.shot) await page.screenshot({ path: path.join(plan.shots, `${look.name}.png`), fullPage: look.whole ?? false });
  looks.push(found);
  await page.close();
}
await browser.close();
fs.writeFileSync(plan.result, JSON.stringify(looks));
